"""Transcription: a recording, and what it says.

Owns the formats, the limits and the shapes of input, result and failure; audio itself never passes here.
"""

from datetime import timedelta
from typing import Final, Literal

from workflows.contract.base import Value
from workflows.contract.errors import FailureKind
from workflows.contract.speech import SpeechFailure

RecordingFormat = Literal["wav", "webm", "ogg"]

MEDIA_TYPES: Final[dict[RecordingFormat, str]] = {
    "wav": "audio/wav",
    "webm": "audio/webm",
    "ogg": "audio/ogg",
}
MAX_RECORDING_BYTES: Final = 10 * 1024 * 1024
MAX_RECORDING_LENGTH: Final = timedelta(seconds=300)

TRANSCRIPTION_FAILED: Final = "transcription_failed"
"""Type of the `ApplicationError` that carries a `TranscriptionFailure`."""


class TranscribeRecordingInput(Value):
    """A recording of the session, which is in the store under its id."""

    session_id: str
    audio_id: str
    language: str | None = None
    """In which it is likely to be: an ISO 639 code; None: who transcribes hears which it is."""


class TranscribeRecordingResult(Value):
    """What was said, without the white space around; empty when nothing was."""

    text: str


class TranscriptionFailure(SpeechFailure):
    """Why a recording could not be transcribed, as the detail of its `ApplicationError`."""


class Transcript(Value):
    """What a recording says, or why nobody knows."""

    text: str = ""
    failure: FailureKind | None = None
