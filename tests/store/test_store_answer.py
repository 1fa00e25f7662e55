"""An answer's text: what viewers hold, what is remembered and what is returned are the same.

Owns pace, text and writes that are cut short; how an answer ends is in `test_store_answer_ends`.
"""

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from activities import answer as answer_module
from activities.store.client import connect
from activities.store.event_log import EventLog
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from tests.effort import examples
from tests.store.attempts import COMPLETE, STOPPED, Attempt, Stage, write, writing
from tests.store.contents import go_back_to
from tests.store.faulty_log import Fault, FaultyLog, SlowLog
from tests.store_server import StoreServer
from workflows.contract.model_call import StepResult

pytestmark = pytest.mark.usefixtures("impatient")

Cut = tuple[Fault, ...]
CUTS: list[Cut] = [
    (Fault.NOT_SENT,),
    (Fault.REPLY_LOST,),
    (Fault.CANCELLED_BEFORE,),
    (Fault.CANCELLED_BEHIND,),
    (Fault.REPLY_LOST, Fault.CANCELLED_BEFORE),
]


async def write_cut_short(attempt: Attempt, log: FaultyLog, text: str, cut: Cut) -> None:
    log.failing(*cut)
    with suppress(asyncio.CancelledError):
        await write(attempt, text)
    log.failing()


# ---- pace --------------------------------------------------------------------------------------------


async def test_the_first_delta_goes_at_once_and_later_ones_together(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_module, "BATCH_SECONDS", 0.15)
    attempt = await stage.begin()
    async with writing(attempt):
        attempt.answer.heard("a", 1)
        await asyncio.sleep(0.05)
        assert await stage.said() == [(0, "a")]
        for i in range(5):
            attempt.answer.heard("b", 2 + i)
            await asyncio.sleep(0.005)
        assert await stage.said() == [(0, "a")]
        await asyncio.sleep(0.2)
    assert await stage.said() == [(0, "a"), (1, "bbbbb")]


async def test_a_response_without_text_is_remembered(stage: Stage) -> None:
    attempt = await stage.begin()
    async with writing(attempt):
        attempt.answer.opened("r1", 0)
        await asyncio.sleep(0.05)
    _, position = await stage.take_over()
    assert (position.response_id, position.cursor, position.next) == ("r1", 0, 0)
    assert await stage.kinds() == []


# ---- offsets and text --------------------------------------------------------------------------------


async def test_superseding_begins_at_zero(stage: Stage) -> None:
    attempt = await stage.begin()
    await write(attempt, "Hé", "llo")
    await attempt.answer.supersede()
    assert (attempt.answer.shown, attempt.answer.length) == ("", 0)
    assert (attempt.answer.response_id, attempt.answer.cursor) == (None, None)
    await write(attempt, "😀", "!")
    assert await stage.said() == [(0, "Hé"), (2, "llo"), (0, "😀"), (1, "!")]
    result = await attempt.answer.finish(COMPLETE)
    assert result.text == "😀!"
    assert await stage.held() == ("😀!", "complete")


async def test_superseding_nothing_says_nothing(stage: Stage) -> None:
    attempt = await stage.begin()
    await attempt.answer.supersede()
    assert await stage.kinds() == []


async def test_the_whole_text_adds_what_was_not_heard(stage: Stage) -> None:
    attempt = await stage.begin()
    await write(attempt, "Hel")
    attempt.answer.heard("lo", 2)
    attempt.answer.heard_whole("Hello, world")
    result = await attempt.answer.finish(COMPLETE)
    assert result.text == "Hello, world"
    assert await stage.held() == ("Hello, world", "complete")


@examples(40)
@given(texts=st.lists(st.text(max_size=6), max_size=6), cut=st.integers(0, 6))
def test_any_text_arrives_as_it_is(store_server: StoreServer, texts: list[str], cut: int) -> None:
    async def scenario() -> None:
        redis = connect(store_server.url)
        stage = Stage(EventLog(redis), LogReader(redis), Projection(redis), uuid4().hex)
        first = await stage.begin()
        await write(first, *texts[:cut])
        second = await stage.begin()
        await write(second, *texts[cut:])
        result = await second.answer.finish(COMPLETE)
        assert result.text == "".join(texts)
        assert await stage.held() == (result.text, "complete")
        await go_back_to(redis, stage.session_id, {})
        await redis.aclose()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(scenario())


# ---- cut short ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS)
async def test_a_write_cut_short_loses_nothing_and_doubles_nothing(
    stage: Stage, log: FaultyLog, cut: Cut
) -> None:
    attempt = await stage.begin()
    await write(attempt, "one ")
    await write_cut_short(attempt, log, "two ", cut)
    await write(attempt, "three ")
    result = await attempt.answer.finish(COMPLETE)
    assert result.text == "one two three "
    assert await stage.held() == (result.text, "complete")


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("result", [COMPLETE, STOPPED])
async def test_the_last_word_after_a_cut_is_what_viewers_hold(
    stage: Stage, log: FaultyLog, cut: Cut, result: StepResult
) -> None:
    attempt = await stage.begin()
    await write_cut_short(attempt, log, "one ", cut)
    assert attempt.answer.length == 4
    final = await attempt.answer.finish(result)
    assert await stage.held() == (final.text, result.outcome)


@pytest.mark.parametrize("cut", CUTS)
async def test_a_last_word_cut_short_is_said_once(stage: Stage, log: FaultyLog, cut: Cut) -> None:
    attempt = await stage.begin()
    attempt.answer.heard("one ", 1)
    log.failing(*cut)
    with suppress(asyncio.CancelledError):
        await attempt.answer.finish(COMPLETE)
    log.failing()
    final = await attempt.answer.finish(STOPPED)
    assert (final.outcome, final.text) == ("complete", "one ")
    assert await stage.held() == ("one ", "complete")
    assert (await stage.take_over())[1].done == final.model_dump_json().encode()


@pytest.mark.parametrize("cut", CUTS)
async def test_superseding_cut_short_is_done_once(stage: Stage, log: FaultyLog, cut: Cut) -> None:
    attempt = await stage.begin()
    await write(attempt, "one ")
    log.failing(*cut)
    with suppress(asyncio.CancelledError):
        await attempt.answer.supersede()
    log.failing()
    await write(attempt, "two ")
    await attempt.answer.finish(COMPLETE)
    assert await stage.held() == ("two ", "complete")
    assert (await stage.kinds()).count("turn.superseded") == 1


async def test_cancelled_writing_loses_nothing(stage: Stage, redis: "Redis") -> None:
    stage.log = SlowLog(redis)
    for moment in range(12):
        attempt = await stage.begin()
        text = attempt.answer.shown + f"{moment} "
        async with writing(attempt):
            attempt.answer.heard(f"{moment} ", moment)
            await asyncio.sleep(moment / 1000)
        await attempt.answer.write()
        assert attempt.answer.shown == text
        assert "".join(said for _, said in await stage.said()) == text
