"""Spoken sessions on the real engine and store with real voices: every sentence is heard once, in order."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from activities.store.audio import AudioStore
from activities.store.client import connect
from tests.workflow.conftest import Talk
from tests.workflow.test_guided import phases, told
from workers.offline_speech.server import OfflineSpeechServer
from workflows.contract.speech import Speech

Start = Callable[..., Any]
SPOKEN: dict[str, Any] = {"speech": Speech(at_once=2)}
SAID = "One is here. Two follows it. Three comes after. Four is the last."


@pytest.fixture
async def voice(speaker: OfflineSpeechServer) -> AsyncIterator[Callable[..., Any]]:
    """Make the voice misbehave at its next call."""
    async with httpx2.AsyncClient(base_url=speaker.control_url) as http:

        async def enqueue(**behaviour: Any) -> None:
            (await http.post("/_script", json=behaviour)).raise_for_status()

        yield enqueue
        await http.delete("/_script")


def heard(session: Talk) -> list[int]:
    """The sentences that were spoken or skipped, in the order of their announcement."""
    return [e["sentence_index"] for e in session.events if e["type"] in {"speech.ready", "speech.skipped"}]


async def test_every_sentence_is_spoken_in_order(talk: Start, script: Start, store_url: str) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready", times=4)
    assert heard(session) == [0, 1, 2, 3]
    redis = connect(store_url)
    for event in session.seen("speech.ready"):
        audio = await AudioStore(redis).get(session.session_id, event["audio_id"])
        assert audio is not None
        assert event["url"] == f"/v1/sessions/{session.session_id}/audio/{event['audio_id']}"
        assert event["duration_ms"] > 300
    await redis.aclose()


async def test_the_first_sentence_is_spoken_before_the_answer_is_complete(talk: Start, script: Start) -> None:
    await script(text=SAID, tokens_per_second=10)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready")
    assert not session.seen("message.completed")
    await session.until("speech.ready", times=4)
    assert heard(session) == [0, 1, 2, 3]


async def test_a_slow_sentence_holds_back_those_behind_it(talk: Start, script: Start, voice: Start) -> None:
    await script(text=SAID)
    await voice(contains="Two", delay=1)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready", times=4)
    assert heard(session) == [0, 1, 2, 3]


async def test_a_sentence_that_fails_is_tried_again(talk: Start, script: Start, voice: Start) -> None:
    await script(text=SAID)
    await voice(contains="Two", status=503)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready", times=4)
    assert heard(session) == [0, 1, 2, 3]


async def test_a_sentence_that_cannot_be_spoken_is_skipped(talk: Start, script: Start, voice: Start) -> None:
    await script(text=SAID)
    await voice(contains="Two", status=400, times=None)
    session = await talk("go", **SPOKEN)
    await session.until("speech.ready", times=3)
    assert heard(session) == [0, 1, 2, 3]
    assert session.seen("speech.skipped")[0]["reason"] == "invalid_request"


async def test_only_pictures_are_skipped_and_the_session_lives(talk: Start, script: Start) -> None:
    await script(text="🙂🙂🙂")
    session = await talk("go", **SPOKEN)
    assert (await session.until("speech.skipped"))["reason"] == "unspeakable"
    await script(text=SAID)
    await session.say("on", "m2")
    await session.until("speech.ready", times=4)
    assert heard(session) == [0, 1, 2, 3, 4]


async def test_after_a_stop_nothing_more_is_heard(talk: Start, script: Start, voice: Start) -> None:
    await script(text=SAID * 5, tokens_per_second=20)
    await voice(contains="Three", delay=2)
    session = await talk("go", **SPOKEN)
    await session.until("sentence", times=4)
    await session.signal("stop_turn")
    await session.until("turn.stopped")
    before = heard(session)
    await script(text="A new answer.")
    await session.say("on", "m2")
    await session.until("turn.completed", turn=2)
    await session.until("speech.ready", times=len(before) + 1)
    assert heard(session) == [*before, len(told(session)) - 1]


async def test_a_guided_session_ends_when_everything_was_announced(talk: Start) -> None:
    session = await talk(**phases("settling", "return"), **SPOKEN)
    assert (await session.ended())["reason"] == "completed"
    assert heard(session) == list(range(12))
