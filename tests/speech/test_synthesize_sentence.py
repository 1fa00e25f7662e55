"""A sentence is spoken once, whatever it takes, and told from one that never will be."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from openai import AsyncOpenAI
from redis.asyncio import Redis
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import voices
from activities.speech import MAX_WRITTEN, Speaking
from activities.store.audio import AudioStore
from activities.store.client import StoreUnavailableError
from activities.store.retention import Retention
from activities.store.spoken import Spoken
from activities.voices import Voices
from tests.counts import Counting
from tests.ports import free_port
from tests.speech.tone import heard, tone, with_data_size
from tests.speech.voice_server import MS_A_CHARACTER, Reply, VoiceServer
from tests.store_server import StoreServer
from workflows.contract.errors import FailureKind
from workflows.contract.speech import (
    SPEECH_FAILED,
    Speech,
    SpeechFailure,
    SynthesizeSentenceInput,
    SynthesizeSentenceResult,
    Voice,
)


async def say(
    speaking: Speaking, session_id: str, text: str = "Hello there.", **voice: Any
) -> SynthesizeSentenceResult:
    given = SynthesizeSentenceInput(session_id=session_id, index=0, text=text, speech=Voice(**voice))
    result: SynthesizeSentenceResult = await ActivityEnvironment().run(speaking.synthesize_sentence, given)
    return result


async def failure(speaking: Speaking, session_id: str, text: str = "Hello there.") -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await say(speaking, session_id, text)
    return caught.value


def told(error: ApplicationError) -> SpeechFailure:
    assert error.type == SPEECH_FAILED
    said = SpeechFailure.model_validate(error.details[0])
    assert said.message == error.message
    assert error.non_retryable is not said.retryable
    assert error.next_retry_delay == said.retry_after
    return said


async def test_a_sentence_is_kept_as_audio(
    speaking: Speaking, server: VoiceServer, store: AudioStore, session_id: str
) -> None:
    result = await say(speaking, session_id, "**Hello** there.")
    assert (result.format, result.unspeakable) == ("wav", False)
    assert result.duration_ms == len("Hello there.") * MS_A_CHARACTER
    assert result.audio_id is not None
    content = await store.get(session_id, result.audio_id)
    assert content == tone(result.duration_ms)
    assert server.asked == [
        {"input": "Hello there.", "model": "tones", "voice": "sine", "response_format": "wav"}
    ]
    assert server.keys == ["Bearer a key"]


async def test_a_sentence_is_spoken_once(speaking: Speaking, server: VoiceServer, session_id: str) -> None:
    counting = Counting()
    first = await say(speaking, session_id, "Hello *there*.")
    assert await say(speaking, session_id, "Hello there. 👋") == first
    assert len(server.asked) == 1
    assert counting.of("perdure_speech_sentences_total", outcome="synthesized") == 1
    assert counting.of("perdure_speech_sentences_total", outcome="reused") == 1


async def test_two_attempts_at_once_have_one_audio(
    speaking: Speaking, server: VoiceServer, store: AudioStore, session_id: str
) -> None:
    server.will(Reply(body=tone(300), pause=0.1), Reply(body=tone(700)))
    slow, fast = await asyncio.gather(say(speaking, session_id), say(speaking, session_id))
    assert len(server.asked) == 2
    assert slow == fast
    assert slow.audio_id is not None
    assert heard(await store.get(session_id, slow.audio_id) or b"")[0] == slow.duration_ms


async def test_another_voice_is_other_audio(speaking: Speaking, server: VoiceServer, session_id: str) -> None:
    voices_used: list[dict[str, Any]] = [{}, {"voice": "square"}, {"model": "noise"}, {"speed": 1.5}]
    results = [await say(speaking, session_id, **voice) for voice in voices_used]
    assert len({result.audio_id for result in results}) == 4
    assert [(one["model"], one["voice"], one.get("speed")) for one in server.asked] == [
        ("tones", "sine", None),
        ("tones", "square", None),
        ("noise", "sine", None),
        ("tones", "sine", 1.5),
    ]


async def test_the_deployments_voice_has_the_audio_of_its_name(
    speaking: Speaking, server: VoiceServer, session_id: str
) -> None:
    left_open = await say(speaking, session_id)
    assert await say(speaking, session_id, model="tones", voice="sine", speed=1) == left_open
    assert len(server.asked) == 1


async def test_sessions_share_nothing(speaking: Speaking, server: VoiceServer, session_id: str) -> None:
    await say(speaking, session_id)
    await say(speaking, session_id + "2")
    assert len(server.asked) == 2


@pytest.mark.parametrize("text", ["", "👍🏽 ✨", "---", "?!"])
async def test_what_cannot_be_said_asks_nobody(
    speaking: Speaking, server: VoiceServer, session_id: str, text: str
) -> None:
    counting = Counting()
    assert await say(speaking, session_id, text) == SynthesizeSentenceResult(unspeakable=True)
    assert server.asked == []
    assert counting.of("perdure_speech_sentences_total", outcome="unspeakable") == 1


async def test_a_streamed_header_is_put_right(
    speaking: Speaking, server: VoiceServer, store: AudioStore, session_id: str
) -> None:
    server.will(Reply(body=with_data_size(tone(400), 0xFFFFFFFF)))
    result = await say(speaking, session_id)
    assert result.duration_ms == 400
    assert await store.get(session_id, result.audio_id or "") == tone(400)


RETRIED = {
    429: FailureKind.RATE_LIMITED,
    500: FailureKind.SERVER_ERROR,
    502: FailureKind.SERVER_ERROR,
    503: FailureKind.OVERLOADED,
    504: FailureKind.TIMEOUT,
    408: FailureKind.TIMEOUT,
}
REFUSED = {
    400: FailureKind.INVALID_REQUEST,
    401: FailureKind.AUTHENTICATION,
    403: FailureKind.AUTHENTICATION,
    404: FailureKind.INVALID_REQUEST,
    413: FailureKind.CONTEXT_LENGTH,
    422: FailureKind.INVALID_REQUEST,
}


@pytest.mark.parametrize(("status", "kind"), (RETRIED | REFUSED).items())
async def test_a_status_is_worth_a_retry_or_not(
    speaking: Speaking, server: VoiceServer, session_id: str, status: int, kind: FailureKind
) -> None:
    counting = Counting()
    server.will(Reply(status=status, body=b'{"error": {"message": "a secret"}}'))
    said = told(error := await failure(speaking, session_id))
    assert (said.kind, said.retryable) == (kind, status in RETRIED)
    assert "secret" not in str(error)
    assert len(server.asked) == 1
    assert counting.of("perdure_speech_failures_total", kind=kind) == 1
    assert (await say(speaking, session_id)).audio_id is not None


async def test_a_used_up_account_is_not_tried_again(
    speaking: Speaking, server: VoiceServer, session_id: str
) -> None:
    server.will(Reply(status=429, body=b'{"error": {"code": "insufficient_quota"}}'))
    assert told(await failure(speaking, session_id)).kind is FailureKind.QUOTA


async def test_the_provider_says_when_to_try_again(
    speaking: Speaking, server: VoiceServer, session_id: str
) -> None:
    server.will(Reply(status=429, body=b"{}", headers={"Retry-After": "7"}))
    assert told(await failure(speaking, session_id)).retry_after == timedelta(seconds=7)


BAD_AUDIO = {
    "broken connection": (Reply(cut=True), FailureKind.CONNECTION),
    "broken file": (Reply(body=tone()[:-100]), FailureKind.INCOMPLETE_STREAM),
    "nothing": (Reply(body=b""), FailureKind.MALFORMED_STREAM),
    "text": (Reply(body=b'{"detail": "fine"}'), FailureKind.MALFORMED_STREAM),
    "empty": (Reply(body=tone(0)), FailureKind.MALFORMED_STREAM),
    "silence": (Reply(body=tone(height=0)), FailureKind.MALFORMED_STREAM),
}


@pytest.mark.parametrize("why", BAD_AUDIO)
async def test_bad_audio_is_not_kept(
    speaking: Speaking, server: VoiceServer, redis: "Redis", session_id: str, why: str
) -> None:
    reply, kind = BAD_AUDIO[why]
    server.will(reply)
    said = told(await failure(speaking, session_id))
    assert (said.kind, said.retryable) == (kind, True)
    assert [key async for key in redis.scan_iter(match=f"*{session_id}*")] == []


async def test_endless_audio_is_given_up(
    speaking: Speaking, server: VoiceServer, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "MAX_BYTES", 10_000)
    server.will(Reply(body=tone(1_000)))
    assert told(await failure(speaking, session_id)).kind is FailureKind.CONTEXT_LENGTH
    server.will(Reply(body=tone(500)))
    await say(speaking, session_id)


@pytest.mark.parametrize("length", [4_097, MAX_WRITTEN + 1])
async def test_a_sentence_that_no_voice_takes_is_not_tried(
    speaking: Speaking, server: VoiceServer, session_id: str, length: int
) -> None:
    said = told(await failure(speaking, session_id, "x" * length))
    assert (said.kind, said.retryable, server.asked) == (FailureKind.CONTEXT_LENGTH, False, [])


async def test_a_slow_voice_is_not_waited_for(
    speaking: Speaking, server: VoiceServer, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "PATIENCE_SECONDS", 0.1)
    server.will(Reply(pause=0.5))
    said = told(await failure(speaking, session_id))
    assert (said.kind, said.retryable) == (FailureKind.TIMEOUT, True)


async def test_nobody_there_is_worth_a_retry(store: AudioStore, session_id: str, redis: "Redis") -> None:
    async with AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{free_port()}/v1") as client:
        speaking = Speaking(store, Spoken(redis), Voices(client, "m", "v"))
        said = told(await failure(speaking, session_id))
    assert (said.kind, said.retryable) == (FailureKind.CONNECTION, True)


async def test_a_store_that_is_away_is_no_failure_of_the_voice(
    speaking: Speaking, server: VoiceServer, session_id: str, store_server: StoreServer
) -> None:
    store_server.kill()
    with pytest.raises(StoreUnavailableError):
        await say(speaking, session_id)
    assert server.asked == []


async def test_a_deleted_session_gets_no_audio(speaking: Speaking, redis: "Redis", session_id: str) -> None:
    await Retention(redis).delete(session_id)
    assert told(await failure(speaking, session_id)).kind is FailureKind.INTERNAL


async def test_how_fast_it_was_is_counted(speaking: Speaking, server: VoiceServer, session_id: str) -> None:
    counting = Counting()
    server.will(Reply(body=tone(400), pause=0.2))
    await say(speaking, session_id)
    assert counting.of("perdure_speech_first_audio_seconds_count") == 1
    first = counting.of("perdure_speech_first_audio_seconds_sum")
    whole = counting.of("perdure_speech_synthesis_seconds_sum")
    assert 0 < first < 0.2 <= whole < 2
    assert counting.of("perdure_speech_real_time_ratio_sum") == pytest.approx(whole / 0.4)


def test_a_profiles_speech_is_a_sentences_voice() -> None:
    speech = Speech(model="m", voice="v", speed=2, at_once=8)
    given = SynthesizeSentenceInput(session_id="s", index=1, text="Hi.", speech=speech)
    read = SynthesizeSentenceInput.model_validate_json(given.model_dump_json())
    assert read.speech == Voice(model="m", voice="v", speed=2)


@pytest.mark.parametrize(
    "wrong", [{"speed": 0.2}, {"speed": 4.1}, {"at_once": 0}, {"at_once": 9}, {"voice": ""}]
)
def test_speech_has_its_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Speech(**wrong)
