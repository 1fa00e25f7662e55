"""The provider of voices: the speech endpoint, reduced to what a sentence needs.

Owns requests and what their failures mean for a sentence; must not know sessions, stores or retries.
"""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from openai import AsyncOpenAI

from activities.failures import ProviderError, from_exception
from activities.store.audio import Audio
from activities.wav import Wav, WavBrokenOffError, WavError
from workflows.contract.errors import FailureKind
from workflows.contract.speech import SpeechFailure, Voice

MAX_TEXT: Final = 4096
"""Characters that the endpoint takes."""
MAX_BYTES: Final = 10 * 1024 * 1024
PATIENCE_SECONDS: Final = 60.0
"""For the whole of a sentence: nobody is still listening after it."""

_WORDS: Final = {
    FailureKind.RATE_LIMITED: "The provider of voices limits the rate of calls.",
    FailureKind.OVERLOADED: "The provider of voices is overloaded.",
    FailureKind.SERVER_ERROR: "The provider of voices failed.",
    FailureKind.CONNECTION: "The provider of voices could not be reached; check OPENAI_SPEECH_BASE_URL.",
    FailureKind.TIMEOUT: "The provider of voices did not answer in time.",
    FailureKind.INCOMPLETE_STREAM: "The sentence's audio broke off.",
    FailureKind.MALFORMED_STREAM: "The sentence's audio cannot be heard or cannot be read.",
    FailureKind.AUTHENTICATION: (
        "The provider of voices refused the credentials; check OPENAI_SPEECH_API_KEY."
    ),
    FailureKind.QUOTA: "The account at the provider of voices has no quota left; add credit.",
    FailureKind.INVALID_REQUEST: (
        "The provider of voices refused the call; check the profile's speech model and voice."
    ),
    FailureKind.CONTEXT_LENGTH: "The sentence is too long to be spoken.",
    FailureKind.CONTENT_FILTER: "The provider of voices withheld the sentence.",
    FailureKind.INTERNAL: "The sentence could not be spoken; see the worker's log.",
}


class SpeechError(Exception):
    """A sentence could not be spoken; `failure` says why."""

    def __init__(self, failure: SpeechFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure

    @classmethod
    def of(cls, kind: FailureKind) -> "SpeechError":
        """Because of `kind`."""
        return cls(SpeechFailure(kind=kind, message=_WORDS[kind]))


@dataclass(frozen=True)
class ChosenVoice:
    """Who speaks, with nothing left to be chosen."""

    model: str
    name: str
    speed: float


@dataclass(frozen=True)
class Synthesis:
    """Audio, and what it took to get it."""

    audio: Audio
    first_audio_seconds: float
    seconds: float


class Voices:
    """One client for all sentences, and the deployment's voice."""

    def __init__(self, client: AsyncOpenAI, model: str, voice: str) -> None:
        # Temporal retries; the client's own would pay twice.
        self._client = client.with_options(max_retries=0)
        self._model = model
        self._voice = voice

    def chosen(self, voice: Voice) -> ChosenVoice:
        """`voice`, with the deployment's for what it leaves open."""
        return ChosenVoice(voice.model or self._model, voice.voice or self._voice, voice.speed)

    async def speak(self, text: str, voice: ChosenVoice) -> Synthesis:
        """The audio of `text`, complete and with a right header. Raises SpeechError."""
        if len(text) > MAX_TEXT:
            raise SpeechError.of(FailureKind.CONTEXT_LENGTH)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._speak(text, voice)
        except SpeechError:
            raise
        except Exception as error:
            raise _meaning(error) from error

    async def _speak(self, text: str, voice: ChosenVoice) -> Synthesis:
        began = monotonic()
        first_at: float | None = None
        content = bytearray()
        request = self._client.audio.speech.with_streaming_response.create(**_parameters(text, voice))
        async with request as response:
            async for chunk in response.iter_bytes():
                first_at = first_at or monotonic()
                content += chunk
                if len(content) > MAX_BYTES:
                    raise SpeechError.of(FailureKind.CONTEXT_LENGTH)
        ended = monotonic()
        return Synthesis(_audible(bytes(content)), (first_at or ended) - began, ended - began)


def _parameters(text: str, voice: ChosenVoice) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "input": text,
        "model": voice.model,
        "voice": voice.name,
        "response_format": "wav",
    }
    if voice.speed != 1:
        # Not every server takes one.
        parameters["speed"] = voice.speed
    return parameters


def _audible(content: bytes) -> Audio:
    wav = Wav.parse(content)
    if wav.is_silent:
        raise WavError("silence")
    return Audio(wav.to_bytes(), "wav", max(wav.duration_ms, 1))


def _meaning(error: Exception) -> SpeechError:
    """What went wrong, as far as a sentence is concerned."""
    if isinstance(error, WavBrokenOffError):
        return SpeechError.of(FailureKind.INCOMPLETE_STREAM)
    if isinstance(error, WavError):
        return SpeechError.of(FailureKind.MALFORMED_STREAM)
    meaning = from_exception(error)
    if isinstance(meaning, ProviderError):
        words = _WORDS[meaning.kind]
        return SpeechError(SpeechFailure(kind=meaning.kind, message=words, retry_after=meaning.retry_after))
    return SpeechError.of(FailureKind.INTERNAL if meaning is None else FailureKind.INVALID_REQUEST)
