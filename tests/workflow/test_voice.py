"""Voice conversations on the real engine and store: who has the word, and what an interruption leaves."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.workflow.conftest import Talk
from tests.workflow.test_guided import phases, told
from tests.workflow.test_spoken import SPOKEN, heard, voice
from workflows.contract.session import workflow_id

__all__ = ["voice"]

Start = Callable[..., Any]
SAID = "One is here. Two follows it now. Three comes after them. Four is the last."
IDLE = {"limits": {"idle_timeout": 300}}


def states(session: Talk) -> list[str]:
    return [event["new"] for event in session.seen("voice.state_changed")]


def texts(session: Talk) -> list[str]:
    return [message.text for message in session.held.messages.values()]


async def spoken_to_its_end(session: Talk, times: int = 4) -> dict[str, Any]:
    await session.until("turn.completed")
    return await session.until("speech.ready", times=times)


async def report(session: Talk, index: int, state: str, played_ms: int = 0, turn: int = 1) -> None:
    await session.signal("playback", turn=turn, sentence_index=index, played_ms=played_ms, state=state)


async def barge_in(session: Talk, index: int, played_ms: int = 0, turn: int = 1) -> None:
    await session.signal("barge_in", turn=turn, sentence_index=index, played_ms=played_ms)


async def test_the_word_goes_round_and_the_idle_clock_runs_only_while_the_person_is_waited_for(
    talk: Start, script: Start
) -> None:
    await script(text=SAID)
    session = await talk(**SPOKEN, **IDLE)
    assert (await session.snapshot())["voice_state"] == "idle"
    await session.signal("listening", on=True)
    await session.until("voice.state_changed", new="listening")
    assert (await session.snapshot())["idle_at"] is None
    await session.say("go", "m1")
    await session.until("voice.state_changed", new="speaking")
    await spoken_to_its_end(session)
    assert (await session.snapshot())["idle_at"] is None
    await report(session, 3, "finished")
    await session.until("voice.state_changed", new="waiting_for_input", times=2)
    assert (await session.snapshot())["idle_at"] is not None
    await session.pass_time(301)
    assert (await session.ended())["reason"] == "idle_timeout"
    assert states(session) == [
        "listening",
        "waiting_for_input",
        "speaking",
        "waiting_for_input",
        "terminated",
    ]


async def test_a_player_that_vanishes_makes_no_session_immortal(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, **IDLE)
    await spoken_to_its_end(session)
    audio = sum(event["duration_ms"] for event in session.seen("speech.ready")) / 1000
    await session.pass_time(audio + 3)
    await session.look()
    assert states(session)[-1] == "speaking"
    await session.pass_time(3)
    await session.until("voice.state_changed", new="waiting_for_input", times=2)
    await session.pass_time(301)
    assert (await session.ended())["reason"] == "idle_timeout"


async def test_a_player_that_pauses_leaves_the_session_waiting(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN, **IDLE)
    await spoken_to_its_end(session)
    await report(session, 1, "paused", 200)
    await session.until("voice.state_changed", old="speaking", new="waiting_for_input")
    assert (await session.snapshot())["idle_at"] is not None
    await report(session, 1, "started", 200)
    await session.until("voice.state_changed", new="speaking", times=2)


async def test_what_was_not_heard_was_not_said(talk: Start, script: Start, calls: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN)
    await spoken_to_its_end(session)
    second = session.seen("speech.ready")[1]["duration_ms"]
    await barge_in(session, 1, second // 2)
    interruption = await session.until("interruption")
    assert interruption["turn"] == 1
    assert interruption["heard_text"] == "One is here. Two"
    assert interruption["heard_ms"] == session.seen("speech.ready")[0]["duration_ms"] + second // 2
    await session.say("and?", "m2")
    truncated = await session.until("message.truncated")
    assert truncated["text"] == "One is here. Two"
    await session.until("turn.completed", turn=2)
    sent = (await calls())[-1]
    assert sent.get("previous_response_id") is None
    assert [part["content"] for part in sent["input"]] == ["go", "One is here. Two", "and?"]
    assert states(session)[:4] == ["waiting_for_input", "speaking", "barged_in", "waiting_for_input"]
    stored = await session.query("transcript")
    assert (stored[1]["content"], stored[1]["status"]) == ("One is here. Two", "complete")


async def test_a_barge_in_stops_generation_and_speech(talk: Start, script: Start) -> None:
    await script(text=SAID * 20, tokens_per_second=30)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready", times=2)
    await barge_in(session, 0, 300)
    await session.until("voice.state_changed", new="barged_in")
    stopped = await session.until("turn.stopped")
    assert stopped["reason"] == "barged_in"
    await session.until("interruption")
    await session.pass_time(3)
    await session.until("voice.state_changed", old="barged_in", new="waiting_for_input")
    kinds = session.kinds()
    assert "speech.ready" not in kinds[kinds.index("interruption") :]
    assert len(texts(session)[1]) < len("One is here.")
    assert SAID.startswith(texts(session)[1])


async def test_a_barge_in_before_any_audio_leaves_nothing(
    talk: Start, script: Start, voice: Start, calls: Start
) -> None:
    await voice(delay=3, times=None)
    await script(text=SAID * 20, tokens_per_second=30)
    session = await talk("go", **SPOKEN)
    await session.until("sentence", times=3)
    await session.signal("barge_in", turn=1)
    assert (await session.until("interruption"))["heard_text"] == ""
    await session.say("sorry, go on", "m2")
    await session.until("message.truncated", text="")
    await session.until("turn.completed", turn=2)
    assert heard(session) == []
    assert [part["content"] for part in (await calls())[-1]["input"]] == ["go", "sorry, go on"]


async def test_a_false_alarm_is_taken_back_and_the_session_goes_on(
    talk: Start, script: Start, calls: Start
) -> None:
    await script(text=SAID * 20, tokens_per_second=30)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready", times=2)
    await barge_in(session, 0, 300)
    await session.until("voice.state_changed", new="barged_in")
    await script(text="Five goes on. Six ends it.")
    await session.signal("barge_in", resume=True)
    await session.until("voice.state_changed", old="barged_in", new="speaking")
    await session.until("turn.completed", turn=2)
    await session.until("speech.ready", times=len(told(session)))
    assert heard(session) == list(range(len(told(session))))
    assert not session.seen("message.truncated")
    assert "Go on exactly where you stopped" in str((await calls())[-1])
    before, afterwards = texts(session)[1:]
    assert SAID.startswith(before.strip())
    assert afterwards == "Five goes on. Six ends it."


async def test_what_does_not_fit_is_refused_and_recorded(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN)
    await spoken_to_its_end(session)
    before = states(session)
    await report(session, 9, "started")
    await report(session, 1, "started", turn=7)
    await barge_in(session, 9, 10)
    await barge_in(session, 1, 10, turn=7)
    await session.signal("barge_in", resume=True)
    await session.signal("playback", state="dancing")
    await session.snapshot()
    assert states(session) == before
    described = await session.handle.describe()
    assert described.id == workflow_id(session.session_id)
    await session.say("still there?", "m2")
    await session.until("turn.completed", turn=2)


async def test_a_guided_phase_is_interrupted_and_goes_on_with_a_message(talk: Start, calls: Start) -> None:
    session = await talk(**phases("settling", "return"), **SPOKEN)
    await session.until("speech.ready")
    await barge_in(session, 0, 1)
    await session.until("interruption")
    await asyncio.sleep(0.2)
    await session.look()
    assert session.held.running_turn is None
    await session.say("go on, please", "m1")
    assert (await session.ended())["reason"] == "completed"
    assert [e["phase"] for e in session.seen("phase.completed")] == ["settling", "return"]


async def test_a_session_without_a_voice_refuses_it(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go")
    await session.signal("listening", on=True)
    await session.until("turn.completed")
    assert (await session.snapshot())["voice_state"] is None
    assert not states(session)
