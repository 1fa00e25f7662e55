"""How an answer ends: stopped, fenced, lost, or whole; and that its store may be away.

Owns the ends of one attempt; what happens before is in `test_store_answer`.
"""

import asyncio

import pytest
from redis.asyncio import Redis

from activities import answer as answer_module
from activities.lines import WritingEndedError
from activities.store import keys
from tests.store.attempts import COMPLETE, MESSAGE_ID, STOPPED, Stage, write, writing
from tests.store.contents import go_back_to, head_of, take_snapshot
from tests.store.faulty_log import Fault, FaultyLog, SlowLog
from tests.store.telling import Telling
from tests.store_server import StoreServer

pytestmark = pytest.mark.usefixtures("impatient")
TURN = 1


async def test_nothing_follows_the_last_word_while_the_provider_talks_on(
    stage: Stage, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_module, "BATCH_SECONDS", 0.001)
    stage.log = SlowLog(redis)
    attempt = await stage.begin()

    async def talk() -> None:
        while True:
            attempt.answer.heard("la ", 1)
            await asyncio.sleep(0.001)

    talking = asyncio.create_task(talk())
    async with writing(attempt):
        await asyncio.sleep(0.03)
        final = await attempt.answer.finish(STOPPED)
        await asyncio.sleep(0.03)
        await attempt.answer.supersede()
        await attempt.answer.forget_response()
    talking.cancel()
    assert await stage.held() == (final.text, "stopped")
    assert (await stage.kinds())[-1] == "message.completed"


async def test_a_stop_ends_writing_and_leaves_what_was_shown(stage: Stage) -> None:
    attempt = await stage.begin()
    await write(attempt, "shown ")
    await stage.log.request_stop(stage.session_id, TURN)
    async with writing(attempt) as task:
        attempt.answer.heard("unheard", 2)
        with pytest.raises(WritingEndedError, match="stopped"):
            await task
    final = await attempt.answer.finish(STOPPED)
    assert final.text == "shown "
    assert await stage.held() == ("shown ", "stopped")


async def test_a_stop_goes_before_completion(stage: Stage) -> None:
    attempt = await stage.begin()
    await write(attempt, "shown ")
    attempt.answer.heard("unheard", 2)
    await stage.log.request_stop(stage.session_id, TURN)
    with pytest.raises(WritingEndedError, match="stopped"):
        await attempt.answer.finish(COMPLETE)
    final = await attempt.answer.finish(STOPPED)
    assert (final.text, final.outcome) == ("shown ", "stopped")
    assert await stage.held() == ("shown ", "stopped")


async def test_a_stop_stands_though_the_store_forgets_it(stage: Stage, redis: "Redis") -> None:
    attempt = await stage.begin()
    await write(attempt, "shown ")
    await stage.log.request_stop(stage.session_id, TURN)
    with pytest.raises(WritingEndedError, match="stopped"):
        await write(attempt, "taken back ")
    await redis.hdel(keys.head(stage.session_id), "stop")
    attempt.answer.heard("behind the hole", 3)
    with pytest.raises(WritingEndedError, match="stopped"):
        await attempt.answer.finish(COMPLETE)
    await attempt.answer.finish(STOPPED)
    assert await stage.held() == ("shown ", "stopped")


async def test_a_stop_before_the_first_word_says_nothing(stage: Stage) -> None:
    attempt = await stage.begin()
    attempt.answer.heard("unheard", 1)
    await stage.log.request_stop(stage.session_id, TURN)
    with pytest.raises(WritingEndedError, match="stopped"):
        await attempt.answer.write()
    final = await attempt.answer.finish(STOPPED)
    assert final.text == ""
    assert await stage.kinds() == []
    assert (await stage.take_over())[1].done == final.model_dump_json().encode()


@pytest.mark.parametrize(
    ("cut", "kept"),
    [(Fault.CANCELLED_BEHIND, "shown first "), (Fault.CANCELLED_BEFORE, "shown ")],
)
async def test_a_stop_behind_a_cut_keeps_what_had_arrived(
    stage: Stage, log: FaultyLog, cut: Fault, kept: str
) -> None:
    attempt = await stage.begin()
    await write(attempt, "shown ")
    log.failing(cut)
    with pytest.raises(asyncio.CancelledError):
        await write(attempt, "first ")
    await stage.log.request_stop(stage.session_id, TURN)
    with pytest.raises(WritingEndedError, match="stopped"):
        await write(attempt, "second")
    assert attempt.answer.shown == kept
    final = await attempt.answer.finish(STOPPED)
    assert await stage.held() == (final.text, "stopped") == (kept, "stopped")


@pytest.mark.parametrize("cut", [Fault.CANCELLED_BEHIND, Fault.CANCELLED_BEFORE])
async def test_closing_behind_a_cut_and_a_stop_shows_nothing_new(
    stage: Stage, log: FaultyLog, cut: Fault
) -> None:
    attempt = await stage.begin()
    await write(attempt, "shown ")
    log.failing(cut)
    with pytest.raises(asyncio.CancelledError):
        await write(attempt, "first ")
    await stage.log.request_stop(stage.session_id, TURN)
    before = await stage.said()
    final = await attempt.answer.finish(STOPPED)
    assert await stage.said() == before
    assert await stage.held() == (final.text, "stopped")


async def test_a_lost_epoch_ends_writing(stage: Stage) -> None:
    attempt = await stage.begin()
    await write(attempt, "shown ")
    await stage.log.publish(Telling(stage.session_id).in_new_epoch(2).publication())
    with pytest.raises(WritingEndedError, match="lost"):
        await write(attempt, "more")


# ---- a store that goes back --------------------------------------------------------------------------


async def test_lines_that_the_store_lost_are_said_again(stage: Stage, redis: "Redis") -> None:
    attempt = await stage.begin()
    await write(attempt, "a", "b")
    snapshot = await take_snapshot(redis, stage.session_id)
    await write(attempt, "c", "d")
    await go_back_to(redis, stage.session_id, snapshot)
    await write(attempt, "e")
    assert await stage.said() == list(enumerate("abcde"))
    assert (await attempt.answer.finish(COMPLETE)).text == "abcde"


async def test_lines_of_a_predecessor_that_the_store_lost_end_writing(stage: Stage, redis: "Redis") -> None:
    first = await stage.begin()
    await write(first, "a")
    snapshot = await take_snapshot(redis, stage.session_id)
    await write(first, "b")
    second = await stage.begin()
    await go_back_to(redis, stage.session_id, snapshot)
    head = await head_of(redis, stage.session_id)
    assert int(head["fence"]) == first.writer.fence
    with pytest.raises(WritingEndedError, match="lost"):
        await write(second, "c")


async def test_what_is_heard_while_lines_are_said_again_is_not_remembered_too_early(
    stage: Stage, redis: "Redis"
) -> None:
    """The provider's cursor must never be ahead of the text: who resumes there would miss words."""
    attempt = await stage.begin()
    await write(attempt, "a")
    snapshot = await take_snapshot(redis, stage.session_id)
    await write(attempt, "b")
    await go_back_to(redis, stage.session_id, snapshot)
    stage.log = attempt.answer._lines._log = SlowLog(redis)
    attempt.answer.heard("c", 3)
    writing_again = asyncio.create_task(attempt.answer.write())
    await asyncio.sleep(0.002)
    attempt.answer.heard("d", 4)
    await writing_again
    assert stage.log.brought == [1, 2]
    successor = await stage.begin()
    assert (successor.answer.shown, successor.position.cursor) == ("abc", 3)


# ---- a store that is away ----------------------------------------------------------------------------


async def test_an_answer_outlives_a_restart_of_the_store(stage: Stage, store_server: StoreServer) -> None:
    attempt = await stage.begin()
    async with writing(attempt):
        attempt.answer.heard("before, ", 1)
        await asyncio.sleep(0.05)
        store_server.kill()
        attempt.answer.heard("meanwhile, ", 2)
        await asyncio.sleep(0.05)
        attempt.answer.heard("behind", 3)
        finishing = asyncio.create_task(attempt.answer.finish(COMPLETE))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(store_server.restart)
        final = await finishing
    assert final.text == "before, meanwhile, behind"
    assert await stage.held() == (final.text, "complete")
    viewer_text = await stage.reader.shown(stage.session_id, 1, 1, MESSAGE_ID)
    assert "".join(viewer_text) == final.text
