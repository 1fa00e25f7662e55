"""Recordings: tell what each says.

Owns the way from the store to a transcript. Must not know Redis (`store`), the provider (`transcriber`), nor
what becomes of what was said.
"""

from time import monotonic
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import transcription_metrics
from activities.signs_of_life import signs_of_life
from activities.store.audio import Audio, AudioStore
from activities.transcriber import Transcriber, TranscriptionError
from workflows.contract.errors import FailureKind
from workflows.contract.transcription import (
    MEDIA_TYPES,
    TRANSCRIPTION_FAILED,
    TranscribeRecordingInput,
    TranscribeRecordingResult,
)

LOST: Final = "The store has no such recording of the session; record it again."


class Transcription:
    """The activity `transcribe_recording`."""

    def __init__(self, store: AudioStore, transcriber: Transcriber) -> None:
        self._store = store
        self._transcriber = transcriber

    @activity.defn
    async def transcribe_recording(self, given: TranscribeRecordingInput) -> TranscribeRecordingResult:
        """Tell what a recording says."""
        try:
            async with signs_of_life(None):
                recording = await self._recording(given)
                began = monotonic()
                text = await self._transcriber.transcribe(recording, given.language)
        except TranscriptionError as error:
            transcription_metrics.failed(error.failure.kind)
            raise _told(error) from error
        transcription_metrics.transcribed(monotonic() - began, said_something=bool(text))
        return TranscribeRecordingResult(text=text)

    async def _recording(self, given: TranscribeRecordingInput) -> Audio:
        """Raises TranscriptionError where it is lost, or was never uploaded."""
        facts = await self._store.find(given.session_id, given.audio_id)
        content = await self._store.get(given.session_id, given.audio_id) if facts else None
        if facts is None or content is None or facts.format not in MEDIA_TYPES:
            raise TranscriptionError.of(FailureKind.INTERNAL, LOST)
        return Audio(content, facts.format, facts.duration_ms)


def _told(error: TranscriptionError) -> ApplicationError:
    failure = error.failure
    return ApplicationError(
        failure.message,
        failure.model_dump(mode="json"),
        type=TRANSCRIPTION_FAILED,
        non_retryable=not failure.retryable,
        next_retry_delay=failure.retry_after,
    )
