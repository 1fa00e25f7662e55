"""The activities a session schedules.

Owns their declarations; the bodies live in `activities/` under the same names and types.
"""

from temporalio import activity

from workflows.contract.model_call import (
    CallModelInput,
    SettleAnswerInput,
    StepResult,
)
from workflows.contract.publication import Publication
from workflows.contract.speech import SynthesizeSentenceInput, SynthesizeSentenceResult
from workflows.contract.transcription import TranscribeRecordingInput, TranscribeRecordingResult


@activity.defn
async def call_model(_: CallModelInput) -> StepResult:
    """Call the model and stream its text into the session's log.

    Raises ApplicationError: `STEP_FAILED` with a `StepFailure`, or a `StoreFault`.
    """
    raise NotImplementedError


@activity.defn
async def settle_answer(_: SettleAnswerInput) -> StepResult:
    """End a message with what was shown of it, fence late attempts and give the generation up."""
    raise NotImplementedError


@activity.defn
async def project_session(_: Publication) -> None:
    """Publish what the workflow has to tell.

    Raises ApplicationError: a `StoreFault`.
    """
    raise NotImplementedError


@activity.defn
async def synthesize_sentence(_: SynthesizeSentenceInput) -> SynthesizeSentenceResult:
    """Speak a sentence and keep its audio; audio that is there already is used again.

    Raises ApplicationError: `SPEECH_FAILED` with a `SpeechFailure`, worth a retry unless it says otherwise.
    """
    raise NotImplementedError


@activity.defn
async def transcribe_recording(_: TranscribeRecordingInput) -> TranscribeRecordingResult:
    """Tell what a recording says.

    Raises ApplicationError: `TRANSCRIPTION_FAILED` with a `TranscriptionFailure`, worth a retry unless it
    says otherwise.
    """
    raise NotImplementedError
