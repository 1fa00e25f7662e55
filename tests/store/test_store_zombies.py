"""Attempts that think they are alive: a step has one writer, whoever thaws when.

Owns the cut points written out by hand; random ones are in `test_store_delivery`.
"""

import pytest

from activities.lines import WritingEndedError
from activities.store.event_log import Appended, EventLog, Outcome, Position, Writer
from tests.store.attempts import COMPLETE, STOPPED, Attempt, Stage
from tests.store.telling import Telling, batch

WORDS = ("Ein ", "Wort ", "gibt ", "das ", "andere ", "😀")


async def write(attempt: Attempt, start: int, end: int) -> None:
    for i in range(start, end):
        attempt.answer.heard(WORDS[i], i + 1)
        await attempt.answer.write()


async def assert_fenced(zombie: Attempt) -> None:
    zombie.answer.heard("undead", 99)
    with pytest.raises(WritingEndedError) as ended:
        await zombie.answer.write()
    assert ended.value.outcome is Outcome.FENCED


@pytest.mark.parametrize("cut", range(len(WORDS) + 1))
@pytest.mark.parametrize("thaw", range(len(WORDS) + 1))
async def test_a_resumed_text_is_there_once(stage: Stage, cut: int, thaw: int) -> None:
    first = await stage.begin()
    first.answer.opened("r1", 0)
    await write(first, 0, cut)

    second = await stage.begin()
    assert second.answer.shown == "".join(WORDS[:cut])
    for i in range(cut, len(WORDS)):
        if i == thaw:
            await assert_fenced(first)
        await write(second, i, i + 1)
    if thaw <= cut or thaw == len(WORDS):
        await assert_fenced(first)
    result = await second.answer.finish(COMPLETE)
    await assert_fenced(first)

    assert [text for _, text in await stage.said()] == list(WORDS)
    assert await stage.held() == ("".join(WORDS), "complete")
    assert result.text == "".join(WORDS)


@pytest.mark.parametrize("cut", range(len(WORDS) + 1))
async def test_a_text_begun_anew_is_there_once(stage: Stage, cut: int) -> None:
    first = await stage.begin()
    await write(first, 0, cut)
    second = await stage.begin()
    await assert_fenced(first)
    await second.answer.supersede()
    await assert_fenced(first)
    await write(second, 0, len(WORDS))
    await second.answer.finish(COMPLETE)
    await assert_fenced(first)
    assert await stage.held() == ("".join(WORDS), "complete")


@pytest.mark.parametrize("cut", range(len(WORDS) + 1))
async def test_who_takes_over_stands_where_its_predecessor_stood(stage: Stage, cut: int) -> None:
    first = await stage.begin()
    assert first.position == Position(next=0, response_id=None, cursor=None, done=None, first=3)
    first.answer.opened("r1", 0)
    await first.answer.write()
    await write(first, 0, cut)
    second = await stage.begin()
    assert second.position == Position(next=cut, response_id="r1", cursor=cut, done=None, first=3)


async def test_who_takes_over_finds_the_result(stage: Stage) -> None:
    first = await stage.begin()
    await write(first, 0, 2)
    result = await first.answer.finish(COMPLETE)
    second = await stage.begin()
    assert second.position.done == result.model_dump_json().encode()
    assert second.position.next == 3


async def test_who_takes_over_knows_that_a_response_was_forgotten(stage: Stage) -> None:
    first = await stage.begin()
    first.answer.opened("r1", 0)
    await write(first, 0, 2)
    await first.answer.forget_response()
    second = await stage.begin()
    assert (second.position.next, second.position.response_id, second.position.cursor) == (2, None, None)
    assert second.answer.shown == "".join(WORDS[:2])


async def test_an_attempt_that_thaws_before_it_began_is_fenced(stage: Stage) -> None:
    zombie = stage.next_writer
    living = await stage.begin()
    assert await stage.log.begin(zombie, stage.publication) is Outcome.FENCED
    await write(living, 0, 1)
    assert await stage.said() == [(0, WORDS[0])]


async def test_the_next_step_fences_the_last_one(stage: Stage, log: EventLog) -> None:
    last = await stage.begin()
    await write(last, 0, 2)
    next_step = Writer(stage.session_id, 1, "2.1", fence=stage.fence + 1, turn=2)
    position = await log.begin(next_step, stage.publication)
    assert position == Position(next=0, response_id=None, cursor=None, done=None, first=5)
    await assert_fenced(last)
    assert await log.begin(last.writer, stage.publication) is Outcome.FENCED


async def test_a_zombie_neither_closes_nor_supersedes(stage: Stage) -> None:
    zombie = await stage.begin()
    await write(zombie, 0, 2)
    living = await stage.begin()
    with pytest.raises(WritingEndedError, match="fenced"):
        await zombie.answer.supersede()
    with pytest.raises(WritingEndedError, match="fenced"):
        await zombie.answer.finish(STOPPED)
    await write(living, 2, 3)
    assert await stage.kinds() == ["message.delta"] * 3


async def test_a_turn_that_a_zombie_has_ended_is_not_told_to_be_tried_again(
    stage: Stage, log: EventLog
) -> None:
    telling = Telling(stage.session_id).tell("session.started").tell("turn.started", turn=1, message_ids=[])
    zombie, ended = stage.next_writer, telling.turn_end(telling.publication(), "turn.completed", turn=1)
    await log.begin(zombie, telling.publication())
    assert (await log.append(zombie, batch(0, "a", done=b"result", turn_end=ended))).turn_ended
    telling = telling.confirmed(telling.publication(), settled=True).tell("turn.retrying", turn=1)
    assert await log.publish(telling.publication()) is Outcome.OK
    assert await stage.kinds() == ["message.delta", "turn.completed"]
    telling = telling.confirmed(telling.publication()).knowing(ended).tell("session.paused")
    assert await log.publish(telling.publication()) is Outcome.OK
    assert await stage.kinds() == ["message.delta", "turn.completed", "session.paused"]


@pytest.mark.parametrize("late", [0, 1, 2])
async def test_an_old_batch_that_arrives_late_changes_nothing(stage: Stage, late: int) -> None:
    """A connection that was given up may still deliver what was sent on it."""
    writer, _ = await stage.take_over()
    batches = [batch(0, "a", "b"), batch(2, "c"), batch(3, "d", "e", done=b"result")]
    for each in batches:
        assert await stage.log.append(writer, each) == Appended(Outcome.OK, each.start + len(each.entries))
    assert (await stage.log.append(writer, batches[late])).outcome is Outcome.OK
    _, position = await stage.take_over()
    assert position == Position(next=5, response_id="r1", cursor=5, done=b"result", first=3)


async def test_an_old_batch_does_not_bring_a_forgotten_response_back(stage: Stage) -> None:
    attempt = await stage.begin()
    attempt.answer.opened("r1", 0)
    await write(attempt, 0, 1)
    await attempt.answer.forget_response()
    await stage.log.append(attempt.writer, batch(0, "a"))
    assert (await stage.begin()).position.response_id is None


async def test_nothing_follows_the_last_word(stage: Stage) -> None:
    writer, _ = await stage.take_over()
    await stage.log.append(writer, batch(0, "a", done=b"result"))
    assert (await stage.log.append(writer, batch(1, "b"))).outcome is Outcome.FENCED
    assert (await stage.log.append(writer, batch(1))).outcome is Outcome.OK
    _, position = await stage.take_over()
    assert position.done == b"result"


async def test_an_older_store_is_lost_and_never_fenced(stage: Stage, log: EventLog) -> None:
    empty = Telling(f"{stage.session_id}-other").publication()
    writer = Writer(empty.session_id, 1, "1.1", 1, 1)
    assert (await log.append(writer, batch(0, "a"))).outcome is Outcome.LOST
    attempt = await stage.begin()
    of_the_future = Writer(stage.session_id, 1, "1.1", attempt.writer.fence + 1, 1)
    assert (await log.append(of_the_future, batch(0, "a"))).outcome is Outcome.LOST
    of_another_epoch = Writer(stage.session_id, 2, "1.1", attempt.writer.fence - 1, 1)
    assert (await log.append(of_another_epoch, batch(0, "a"))).outcome is Outcome.LOST


async def test_a_fence_is_exact_up_to_the_last_digit(stage: Stage) -> None:
    """Schedule time in milliseconds, a factor of 1,024, the attempt: Lua's numbers must not round it."""
    stage.fence = 1_795_000_000_123 * 1024 + 1020
    zombie = await stage.begin()
    living = await stage.begin()
    await assert_fenced(zombie)
    await write(living, 0, 1)
    assert await stage.said() == [(0, WORDS[0])]
