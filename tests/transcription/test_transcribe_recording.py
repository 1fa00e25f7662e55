"""A recording is transcribed, whatever it takes, and told from one that never will be."""

from datetime import timedelta

import pytest
from openai import AsyncOpenAI
from pydantic_core import to_json
from redis.asyncio import Redis
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import transcriber
from activities.store.audio import Audio, AudioStore, recording_id
from activities.store.client import StoreUnavailableError
from activities.store.retention import Retention
from activities.transcriber import Transcriber
from activities.transcription import Transcription
from tests.counts import Counting
from tests.ports import free_port
from tests.store_server import StoreServer
from tests.transcription.recordings import ogg, wav, webm
from tests.transcription.transcript_server import Reply, TranscriptServer
from workflows.contract.commands import MAX_CONTENT
from workflows.contract.errors import FailureKind
from workflows.contract.transcription import (
    TRANSCRIPTION_FAILED,
    TranscribeRecordingInput,
    TranscriptionFailure,
)

FILES = {"wav": (wav(), "audio/wav"), "ogg": (ogg(), "audio/ogg"), "webm": (webm(), "audio/webm")}


@pytest.fixture
async def audio_id(store: AudioStore, session_id: str) -> str:
    return await kept(store, session_id, "wav")


async def kept(store: AudioStore, session_id: str, kind: str) -> str:
    content, _ = FILES[kind]
    await store.put(session_id, recording_id(content), Audio(content, kind, 1_000))
    return recording_id(content)


async def text_of(
    transcription: Transcription, session_id: str, audio_id: str, language: str | None = None
) -> str:
    given = TranscribeRecordingInput(session_id=session_id, audio_id=audio_id, language=language)
    return (await ActivityEnvironment().run(transcription.transcribe_recording, given)).text


async def failure(transcription: Transcription, session_id: str, audio_id: str) -> TranscriptionFailure:
    with pytest.raises(ApplicationError) as caught:
        await text_of(transcription, session_id, audio_id)
    error = caught.value
    assert error.type == TRANSCRIPTION_FAILED
    said = TranscriptionFailure.model_validate(error.details[0])
    assert said.message == error.message
    assert error.non_retryable is not said.retryable
    assert error.next_retry_delay == said.retry_after
    return said


@pytest.mark.parametrize("kind", FILES)
async def test_what_is_in_the_store_is_transcribed(
    transcription: Transcription, server: TranscriptServer, store: AudioStore, session_id: str, kind: str
) -> None:
    audio_id = await kept(store, session_id, kind)
    assert await text_of(transcription, session_id, audio_id) == "It rains."
    (asked,) = server.asked
    assert (asked.file, asked.media_type) == FILES[kind]
    assert (asked.name, asked.key) == (f"recording.{kind}", "Bearer a key")
    assert asked.fields == {"model": "ears", "response_format": "json"}


async def test_the_language_is_told(
    transcription: Transcription, server: TranscriptServer, session_id: str, audio_id: str
) -> None:
    await text_of(transcription, session_id, audio_id, "de")
    assert server.asked[0].fields["language"] == "de"


@pytest.mark.parametrize(
    "texts",
    [
        (" It rains.\n", "It rains."),
        ("", ""),
        (" \n ", ""),
        ("Ё 😀\x00", "Ё 😀\x00"),
        ("x" * MAX_CONTENT,) * 2,
    ],
)
async def test_the_text_is_without_the_white_space_around(
    transcription: Transcription,
    server: TranscriptServer,
    session_id: str,
    audio_id: str,
    texts: tuple[str, str],
) -> None:
    said, text = texts
    server.will(Reply(said))
    counting = Counting()
    assert await text_of(transcription, session_id, audio_id) == text
    outcome = "transcribed" if text else "silent"
    assert counting.of("perdure_transcriptions_total", outcome=outcome) == 1
    assert counting.of("perdure_transcription_seconds_count") == 1


RETRIED = {
    429: FailureKind.RATE_LIMITED,
    500: FailureKind.SERVER_ERROR,
    503: FailureKind.OVERLOADED,
    504: FailureKind.TIMEOUT,
}
REFUSED = {
    400: FailureKind.INVALID_REQUEST,
    401: FailureKind.AUTHENTICATION,
    404: FailureKind.INVALID_REQUEST,
    413: FailureKind.CONTEXT_LENGTH,
}


@pytest.mark.parametrize("status", RETRIED | REFUSED)
async def test_a_status_is_worth_a_retry_or_not(
    transcription: Transcription,
    server: TranscriptServer,
    session_id: str,
    audio_id: str,
    status: int,
) -> None:
    kind = (RETRIED | REFUSED)[status]
    counting = Counting()
    server.will(Reply(status=status, body=b'{"error": {"message": "a secret"}}'))
    said = await failure(transcription, session_id, audio_id)
    assert (said.kind, said.retryable) == (kind, status in RETRIED)
    assert "secret" not in said.message
    assert len(server.asked) == 1
    assert counting.of("perdure_transcription_failures_total", kind=kind) == 1
    assert await text_of(transcription, session_id, audio_id) == "It rains."


async def test_a_used_up_account_is_not_tried_again(
    transcription: Transcription, server: TranscriptServer, session_id: str, audio_id: str
) -> None:
    server.will(Reply(status=429, body=b'{"error": {"code": "insufficient_quota"}}'))
    assert (await failure(transcription, session_id, audio_id)).kind is FailureKind.QUOTA


async def test_the_provider_says_when_to_try_again(
    transcription: Transcription, server: TranscriptServer, session_id: str, audio_id: str
) -> None:
    server.will(Reply(status=429, body=b"{}", headers={"Retry-After": "7"}))
    said = await failure(transcription, session_id, audio_id)
    assert said.retry_after == timedelta(seconds=7)


BAD_ANSWERS = {
    "broken connection": (Reply(cut=True), FailureKind.CONNECTION),
    "nothing": (Reply(body=b""), FailureKind.MALFORMED_STREAM),
    "no JSON": (Reply(body=b"<html>"), FailureKind.MALFORMED_STREAM),
    "no object": (Reply(body=b'"It rains."'), FailureKind.MALFORMED_STREAM),
    "no text": (Reply(body=b'{"words": []}'), FailureKind.MALFORMED_STREAM),
    "a number": (Reply(body=b'{"text": 7}'), FailureKind.MALFORMED_STREAM),
    "half a character": (Reply(body=b'{"text": "\\ud800"}'), FailureKind.MALFORMED_STREAM),
    "not UTF-8": (Reply(body=b'{"text": "\xff"}'), FailureKind.MALFORMED_STREAM),
}


@pytest.mark.parametrize("why", BAD_ANSWERS)
async def test_a_bad_answer_is_worth_a_retry(
    transcription: Transcription, server: TranscriptServer, session_id: str, audio_id: str, why: str
) -> None:
    reply, kind = BAD_ANSWERS[why]
    server.will(reply)
    said = await failure(transcription, session_id, audio_id)
    assert (said.kind, said.retryable) == (kind, True)


@pytest.mark.parametrize(
    "body",
    [to_json({"text": "x" * (MAX_CONTENT + 1)}), to_json({"text": "x", "more": "x" * transcriber.MAX_BYTES})],
    ids=["text", "answer"],
)
async def test_more_than_a_message_holds_is_given_up(
    transcription: Transcription, server: TranscriptServer, session_id: str, audio_id: str, body: bytes
) -> None:
    server.will(Reply(body=body))
    assert (await failure(transcription, session_id, audio_id)).kind is FailureKind.CONTEXT_LENGTH


async def test_a_slow_provider_is_not_waited_for(
    transcription: Transcription,
    server: TranscriptServer,
    session_id: str,
    audio_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transcriber, "PATIENCE_SECONDS", 0.1)
    server.will(Reply(pause=0.5))
    said = await failure(transcription, session_id, audio_id)
    assert (said.kind, said.retryable) == (FailureKind.TIMEOUT, True)


async def test_nobody_there_is_worth_a_retry(store: AudioStore, session_id: str, audio_id: str) -> None:
    async with AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{free_port()}/v1") as client:
        said = await failure(Transcription(store, Transcriber(client, "m")), session_id, audio_id)
    assert (said.kind, said.retryable) == (FailureKind.CONNECTION, True)


async def test_a_recording_that_is_lost_is_not_tried_again(
    transcription: Transcription, server: TranscriptServer, session_id: str, audio_id: str, redis: "Redis"
) -> None:
    for session, audio in ((session_id, "never-uploaded"), (session_id + "2", audio_id)):
        said = await failure(transcription, session, audio)
        assert (said.kind, said.retryable) == (FailureKind.INTERNAL, False)
    await Retention(redis).delete(session_id)
    assert (await failure(transcription, session_id, audio_id)).kind is FailureKind.INTERNAL
    assert server.asked == []


async def test_a_store_that_is_away_is_no_failure_of_the_provider(
    transcription: Transcription,
    server: TranscriptServer,
    session_id: str,
    audio_id: str,
    store_server: StoreServer,
) -> None:
    store_server.kill()
    with pytest.raises(StoreUnavailableError):
        await text_of(transcription, session_id, audio_id)
    assert server.asked == []


async def test_a_worker_without_a_model_says_so(
    server: TranscriptServer, store: AudioStore, session_id: str, audio_id: str
) -> None:
    async with AsyncOpenAI(api_key="k", base_url=server.url) as client:
        said = await failure(Transcription(store, Transcriber(client, None)), session_id, audio_id)
    assert not said.retryable
    assert "PERDURE_TRANSCRIPTION_MODEL" in said.message
    assert server.asked == []
