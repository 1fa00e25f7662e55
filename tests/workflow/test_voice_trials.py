"""What broke voice conversations on the real engine and store once, or was tried for that."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.workflow.test_guided import phases, told
from tests.workflow.test_spoken import SPOKEN, heard, voice
from tests.workflow.test_voice import SAID, barge_in, report, spoken_to_its_end, states, texts

__all__ = ["voice"]

Start = Callable[..., Any]


async def test_the_answer_to_the_last_message_is_heard(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, limits={"max_messages": 1})
    assert (await session.ended())["reason"] == "max_messages"
    assert heard(session) == [0, 1, 2, 3]


async def test_a_guided_session_that_is_followed_can_be_interrupted_while_it_is_heard(talk: Start) -> None:
    session = await talk(**phases("return"), **SPOKEN)
    await session.until("speech.ready")
    await report(session, 0, "started")
    await session.until("phase.completed")
    await session.until("speech.ready", times=len(told(session)))
    await asyncio.sleep(1)
    await session.look()
    assert not session.seen("session.ended"), "most of it is still to be heard"
    await barge_in(session, 1, 10)
    assert (await session.until("interruption"))["turn"] == 1


async def test_an_interruption_crosses_runs(talk: Start, script: Start, calls: Start) -> None:
    session = await talk(**SPOKEN, history_limit=25)
    for number in range(1, 4):
        await script(text=SAID)
        await session.say("go", f"m{number}")
        await session.until("turn.completed", turn=number)
        await session.until("speech.ready", times=4 * number)
        second = session.seen("speech.ready")[-3]["duration_ms"]
        await barge_in(session, 4 * number - 3, second // 2, turn=number)
        await session.until("interruption", times=number)
        for _ in range(6):
            await session.signal("update_session", title=f"title {number}")
        await session.pass_time(3)
        await session.until("message.truncated", times=number)
    assert texts(session)[1::2] == ["One is here. Two"] * 3
    stored = await session.query("transcript")
    assert [m["content"] for m in stored if m["role"] == "assistant"] == ["One is here. Two"] * 3
    assert states(session)[-1] == "waiting_for_input"


async def test_a_second_noise_ends_it(talk: Start, script: Start) -> None:
    await script(text=SAID * 20, tokens_per_second=30)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready", times=2)
    await session.signal("barge_in", turn=1, sentence_index=0, played_ms=200)
    await session.signal("barge_in", resume=True)
    await session.signal("barge_in", turn=1, sentence_index=0, played_ms=400)
    await session.until("turn.stopped")
    await session.pass_time(3)
    await session.until("message.truncated")
    await asyncio.sleep(0.5)
    await session.look()
    assert not session.seen("turn.started", turn=2)


async def test_one_barge_in_that_is_sent_twice_takes_once(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN)
    await spoken_to_its_end(session)
    half = session.seen("speech.ready")[1]["duration_ms"] // 2
    await barge_in(session, 1, half)
    await session.pass_time(3)
    await session.until("message.truncated")
    await barge_in(session, 1, half)
    await session.pass_time(3)
    await session.snapshot()
    await session.look()
    stored = await session.query("transcript")
    assert stored[1]["content"] == "One is here. Two"
