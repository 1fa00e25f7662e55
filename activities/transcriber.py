"""The provider of transcripts: the transcription endpoint, reduced to what a recording needs.

Owns requests and what their failures mean for a recording; must not know sessions, stores or retries.
"""

import asyncio
from typing import Any, Final

from openai import AsyncOpenAI
from pydantic_core import from_json

from activities.failures import ProviderError, from_exception
from activities.store.audio import Audio
from workflows.contract.commands import MAX_CONTENT
from workflows.contract.errors import FailureKind
from workflows.contract.transcription import MEDIA_TYPES, TranscriptionFailure

PATIENCE_SECONDS: Final = 240.0
"""For the whole of a recording: a server without a graphics card takes about as long as the person spoke."""
MAX_BYTES: Final = 1024 * 1024
"""Of an answer; the longest message has an eighth of it."""

_WORDS: Final = {
    FailureKind.RATE_LIMITED: "The provider of transcripts limits the rate of calls.",
    FailureKind.OVERLOADED: "The provider of transcripts is overloaded.",
    FailureKind.SERVER_ERROR: "The provider of transcripts failed.",
    FailureKind.CONNECTION: (
        "The provider of transcripts could not be reached; check OPENAI_TRANSCRIPTION_BASE_URL."
    ),
    FailureKind.TIMEOUT: "The provider of transcripts did not answer in time.",
    FailureKind.INCOMPLETE_STREAM: "The recording's transcript broke off.",
    FailureKind.MALFORMED_STREAM: "The recording's transcript could not be read.",
    FailureKind.AUTHENTICATION: (
        "The provider of transcripts refused the credentials; check OPENAI_TRANSCRIPTION_API_KEY."
    ),
    FailureKind.QUOTA: "The account at the provider of transcripts has no quota left; add credit.",
    FailureKind.INVALID_REQUEST: (
        "The provider of transcripts refused the recording; check PERDURE_TRANSCRIPTION_MODEL."
    ),
    FailureKind.CONTEXT_LENGTH: "The recording is too long to be transcribed.",
    FailureKind.CONTENT_FILTER: "The provider of transcripts withheld what was said.",
    FailureKind.INTERNAL: "The recording could not be transcribed; see the worker's log.",
}


class TranscriptionError(Exception):
    """A recording could not be transcribed; `failure` says why."""

    def __init__(self, failure: TranscriptionFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure

    @classmethod
    def of(cls, kind: FailureKind, words: str | None = None) -> "TranscriptionError":
        """Because of `kind`, in `words` of its own where the usual ones do not say enough."""
        return cls(TranscriptionFailure(kind=kind, message=words or _WORDS[kind]))


class Transcriber:
    """One client for all recordings, and the deployment's model; without a model, nobody transcribes."""

    def __init__(self, client: AsyncOpenAI, model: str | None) -> None:
        # Temporal retries; the client's own would pay twice.
        self._client = client.with_options(max_retries=0)
        self._model = model

    async def transcribe(self, recording: Audio, language: str | None) -> str:
        """What `recording` says, without the white space around. Raises TranscriptionError."""
        if self._model is None:
            raise TranscriptionError.of(
                FailureKind.INVALID_REQUEST,
                "This worker transcribes nothing; set PERDURE_TRANSCRIPTION_MODEL for it, too.",
            )
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return _text(await self._answer(recording, self._model, language))
        except TranscriptionError:
            raise
        except Exception as error:
            raise _meaning(error) from error

    async def _answer(self, recording: Audio, model: str, language: str | None) -> bytes:
        media_type = next(kind for name, kind in MEDIA_TYPES.items() if name == recording.format)
        parameters: dict[str, Any] = {
            "file": (f"recording.{recording.format}", recording.content, media_type),
            "model": model,
            "response_format": "json",
        }
        if language is not None:
            parameters["language"] = language
        content = bytearray()
        request = self._client.audio.transcriptions.with_streaming_response.create(**parameters)
        async with request as response:
            async for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise TranscriptionError.of(FailureKind.CONTEXT_LENGTH)
        return bytes(content)


def _text(answer: bytes) -> str:
    """Raises ValueError also where a text holds half of a character, which no session could carry."""
    found: Any = from_json(answer)
    text = found.get("text") if isinstance(found, dict) else None
    if not isinstance(text, str):
        raise TranscriptionError.of(FailureKind.MALFORMED_STREAM)
    if len(text.strip()) > MAX_CONTENT:
        raise TranscriptionError.of(FailureKind.CONTEXT_LENGTH)
    return text.strip()


def _meaning(error: Exception) -> TranscriptionError:
    """What went wrong, as far as a recording is concerned."""
    meaning = from_exception(error)
    if isinstance(meaning, ProviderError):
        kind, after = meaning.kind, meaning.retry_after
        return TranscriptionError(TranscriptionFailure(kind=kind, message=_WORDS[kind], retry_after=after))
    return TranscriptionError.of(FailureKind.INTERNAL if meaning is None else FailureKind.INVALID_REQUEST)
