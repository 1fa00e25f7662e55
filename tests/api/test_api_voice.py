"""Microphones, players and interruptions over HTTP and over the socket."""

import asyncio
from typing import Any

import pytest

from tests.api.asking import AS_JSON, Http, answer, read, refusal, start, transcript
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import ended, watch
from tests.ws_viewer import talking

VOICE = {"profile": "voice"}
REPORT = {"turn": 1, "sentence_index": 0, "played_ms": 0, "state": "started"}


async def state_after(http: Http, session_id: str, taken: dict[str, Any]) -> str:
    found = await http.get(f"/v1/sessions/{session_id}", params={"after": taken["cursor"]})
    state: str = answer(found)["voice_state"]
    return state


async def say(http: Http, session_id: str, what: str, **asked: Any) -> Any:
    return await http.post(f"/v1/sessions/{session_id}/{what}", json=asked)


async def test_a_microphone_opens_and_closes(http: Http) -> None:
    session = await start(http, **VOICE)
    assert session["voice_state"] == "idle"
    opened = answer(await say(http, session["session_id"], "listening", on=True), 202)
    assert await state_after(http, session["session_id"], opened) == "listening"
    assert (await read(http, session["session_id"]))["idle_at"] is None
    closed = answer(await say(http, session["session_id"], "listening", on=False), 202)
    assert await state_after(http, session["session_id"], closed) == "waiting_for_input"


async def test_over_the_socket_they_do_too(http: Http) -> None:
    session_id = (await start(http, **VOICE))["session_id"]
    async with asyncio.timeout(10), talking(http, session_id) as talk:
        taken = await talk.ask("listening", on=True)
        assert taken["type"] == "listening.taken"
        assert await state_after(http, session_id, taken) == "listening"
        refused = await talk.ask("playback", **REPORT)
        assert (refused["type"], refused["code"]) == ("error", "invalid_request")
        assert (await talk.ask("barge_in", turn=1))["type"] == "barge_in.taken"


@pytest.mark.parametrize(
    ("what", "asked", "field"),
    [
        ("listening", {}, "on"),
        ("listening", {"on": 1}, "on"),
        ("listening", {"on": True, "off": False}, "off"),
        ("playback", {**REPORT, "state": "dancing"}, "state"),
        ("playback", {**REPORT, "played_ms": -1}, "played_ms"),
        ("playback", {**REPORT, "played_ms": 1.5}, "played_ms"),
        ("playback", {**REPORT, "turn": 0}, "turn"),
        ("playback", {**REPORT, "sentence_index": 2**60}, "sentence_index"),
        ("playback", REPORT, "sentence_index"),
        ("barge_in", {}, "body"),
        ("barge_in", {"resume": True, "turn": 1}, "body"),
        ("barge_in", {"resume": "yes"}, "resume"),
        ("barge_in", {"turn": 1, "sentence_index": 7, "played_ms": 10}, "sentence_index"),
    ],
)
async def test_what_cannot_be_is_refused_and_the_session_lives(
    http: Http, what: str, asked: dict[str, Any], field: str
) -> None:
    session = await start(http, **VOICE)
    problem = refusal(await say(http, session["session_id"], what, **asked), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert (await read(http, session["session_id"]))["voice_state"] == "idle"


@pytest.mark.parametrize(
    ("what", "asked"), [("listening", {"on": True}), ("playback", REPORT), ("barge_in", {"turn": 1})]
)
async def test_a_session_without_a_voice_says_so(http: Http, what: str, asked: dict[str, Any]) -> None:
    session = await start(http)
    problem = refusal(await say(http, session["session_id"], what, **asked), 422, "invalid_request")
    assert "profile has no voice" in problem["detail"]


@pytest.mark.parametrize(
    ("what", "asked"), [("listening", {"on": True}), ("playback", REPORT), ("barge_in", {"turn": 1})]
)
async def test_a_session_that_is_over_says_so(http: Http, what: str, asked: dict[str, Any]) -> None:
    session = await start(http, **VOICE)
    answer(await http.delete(f"/v1/sessions/{session['session_id']}"), 202)
    await watch(http, session["session_id"], ended)
    assert (await read(http, session["session_id"]))["voice_state"] == "terminated"
    refusal(await say(http, session["session_id"], what, **asked), 409, "session_closed")


# ---- with a real voice -------------------------------------------------------------------------------


async def spoken(http: Http, system: System, sentences: int = 4) -> str:
    """A session that has said so many sentences, all of them announced."""
    await system.script(text=" ".join(f"This is sentence number {n}." for n in range(sentences)))
    session_id: str = (await start(http, **VOICE, message={"content": "go"}))["session_id"]

    def is_announced(_: Reducer, event: dict[str, Any]) -> bool:
        return event["type"] == "speech.ready" and bool(event["sentence_index"] == sentences - 1)

    await watch(http, session_id, is_announced)
    return session_id


async def test_what_was_not_heard_was_not_said_wherever_one_looks(http: Http, system: System) -> None:
    session_id = await spoken(http, system)
    started = await say(http, session_id, "playback", **{**REPORT, "sentence_index": 1})
    assert await state_after(http, session_id, answer(started, 202)) == "speaking"
    asked = {"turn": 1, "sentence_index": 1, "played_ms": 0}
    answer(await say(http, session_id, "barge_in", **asked), 202)
    held = await watch(http, session_id, lambda _, event: event["type"] == "message.truncated")
    heard = "This is sentence number 0."
    assert held.messages["a-1.1"].text == heard
    assert (await transcript(http, session_id))[1]["content"] == heard
    last = answer(await http.get(f"/v1/sessions/{session_id}/messages/last"))
    assert (last["content"], last["status"]) == (heard, "complete")
    page = await http.get(f"/v1/sessions/{session_id}/events", headers=AS_JSON)
    interruption = next(e for e in answer(page)["events"] if e["type"] == "interruption")
    assert interruption["heard_text"] == heard


async def test_of_many_reports_at_once_the_session_hears_the_last(http: Http, system: System) -> None:
    session_id = await spoken(http, system)
    reports = [{**REPORT, "sentence_index": n, "state": s} for n in range(4) for s in ("started", "finished")]
    answers = await asyncio.gather(*(say(http, session_id, "playback", **report) for report in reports))
    cursors = {answer(taken, 202)["cursor"] for taken in answers}
    assert len(cursors) < len(reports)
    await watch(
        http,
        session_id,
        lambda _, event: event["type"] == "voice.state_changed" and event["old"] == "speaking",
    )


async def test_a_report_of_another_turn_is_refused(http: Http, system: System) -> None:
    session_id = await spoken(http, system)
    refusal(await say(http, session_id, "playback", **{**REPORT, "turn": 2}), 422, "invalid_request", "turn")
    later = {**REPORT, "sentence_index": 4}
    refusal(await say(http, session_id, "playback", **later), 422, "invalid_request", "sentence_index")
