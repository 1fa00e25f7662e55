"""The recording that is being transcribed: one activity beside the loop.

Owns the activity and how its end reads; which recording is next, and what follows, is the state's.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import options
from workflows.contract.activities import transcribe_recording
from workflows.contract.errors import FailureKind
from workflows.contract.transcription import (
    TRANSCRIPTION_FAILED,
    TranscribeRecordingResult,
    Transcript,
    TranscriptionFailure,
)
from workflows.forgotten import let_go
from workflows.state.steps import Transcribe

_Transcription = workflow.ActivityHandle[TranscribeRecordingResult]


class RunningTranscription:
    """At most one recording."""

    def __init__(self, heartbeat_timeout: timedelta) -> None:
        self._heartbeat_timeout = heartbeat_timeout
        self._message_id: str | None = None
        self._activity: _Transcription | None = None

    @property
    def active(self) -> bool:
        """Whether a recording is being transcribed or its end was not taken yet."""
        return self._activity is not None

    @property
    def done(self) -> bool:
        """Whether an end waits to be taken."""
        return self._activity is not None and self._activity.done()

    def start(self, step: Transcribe) -> None:
        """Transcribe a recording."""
        self.give_up_unless(None)
        self._message_id = step.message_id
        self._activity = workflow.start_activity(
            transcribe_recording,
            step.given,
            **options.transcription(f"transcribe {step.message_id}", self._heartbeat_timeout),
        )

    def give_up_unless(self, message_id: str | None) -> None:
        """Nobody waits for what is being transcribed, unless it is the recording of this message."""
        if self._activity is not None and self._message_id != message_id:
            let_go(self._activity)
            self._activity = self._message_id = None

    def take(self) -> Transcript:
        """The end that waits."""
        activity, self._activity, self._message_id = self._activity, None, None
        if activity is None:
            raise RuntimeError("no recording is being transcribed")
        try:
            result: TranscribeRecordingResult = activity.result()
        except ActivityError as error:
            return Transcript(failure=_failure(error))
        return Transcript(text=result.text)


def _failure(error: ActivityError) -> FailureKind:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == TRANSCRIPTION_FAILED:
        return TranscriptionFailure.model_validate(cause.details[0]).kind
    return FailureKind.TIMEOUT
