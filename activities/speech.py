"""Sentences: make each heard, once.

Owns the life of a sentence: what can be said of it, whether that was said before, saying and keeping it. Must
not know Redis (`store`), the provider (`voices`), nor in which order sentences are heard.
"""

from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import speech_metrics
from activities.signs_of_life import signs_of_life
from activities.speakable import speakable
from activities.store.audio import AudioFacts, AudioStore, SessionGoneError, audio_id
from activities.store.spoken import Spoken
from activities.voices import MAX_TEXT, ChosenVoice, SpeechError, Voices
from workflows.contract.errors import FailureKind
from workflows.contract.speech import SPEECH_FAILED, SynthesizeSentenceInput, SynthesizeSentenceResult

MOST_TRIES: Final = 5
"""Of a sentence whose voice fails; then it is skipped, and can be read."""
MAX_WRITTEN: Final = 2 * MAX_TEXT
"""Characters of a sentence, marks included; one that is longer is refused by its voice as it is."""


class Speaking:
    """The activity `synthesize_sentence`."""

    def __init__(self, store: AudioStore, spoken: Spoken, voices: Voices) -> None:
        self._store = store
        self._spoken = spoken
        self._voices = voices

    @activity.defn
    async def synthesize_sentence(self, given: SynthesizeSentenceInput) -> SynthesizeSentenceResult:
        """Speak a sentence and keep its audio; audio that is there already is used again."""
        written = await self._written(given)
        text = speakable(written) if len(written) <= MAX_WRITTEN else written
        if not text:
            speech_metrics.spoke("unspeakable")
            return SynthesizeSentenceResult(unspeakable=True)
        voice = self._voices.chosen(given.speech)
        name = audio_id(text, voice.model, voice.name, voice.speed)
        kept = await self._store.find(given.session_id, name)
        if kept is not None:
            speech_metrics.spoke("reused")
            return _result(name, kept)
        try:
            async with signs_of_life(None):
                return _result(name, await self._synthesize(given.session_id, name, text, voice))
        except SpeechError as error:
            speech_metrics.failed(error.failure.kind)
            raise _told(error) from error

    async def _written(self, given: SynthesizeSentenceInput) -> str:
        if given.text is not None:
            return given.text
        found = await self._spoken.sentence(given.session_id, given.index)
        if found is None:
            raise ApplicationError(
                "the store lost the sentence, and may be told it again", non_retryable=_was_last_try()
            )
        return found

    async def _synthesize(self, session_id: str, name: str, text: str, voice: ChosenVoice) -> AudioFacts:
        spoken = await self._voices.speak(text, voice)
        speech_metrics.synthesized(
            first_audio=spoken.first_audio_seconds,
            whole=spoken.seconds,
            audio=spoken.audio.duration_ms / 1000,
        )
        try:
            return await self._store.put(session_id, name, spoken.audio)
        except SessionGoneError as error:
            raise SpeechError.of(FailureKind.INTERNAL) from error


def _result(name: str, kept: AudioFacts) -> SynthesizeSentenceResult:
    return SynthesizeSentenceResult(audio_id=name, duration_ms=kept.duration_ms)


def _was_last_try() -> bool:
    return activity.info().attempt >= MOST_TRIES


def _told(error: SpeechError) -> ApplicationError:
    failure = error.failure
    return ApplicationError(
        failure.message,
        failure.model_dump(mode="json"),
        type=SPEECH_FAILED,
        non_retryable=not failure.retryable or _was_last_try(),
        next_retry_delay=failure.retry_after,
    )
