"""What follows when it is known what a recording says.

Owns the way from a transcript to a message, on which `decide` has the word, or to a rejection.
"""

from datetime import datetime

from workflows.contract.commands import MAX_CONTENT, SendMessage
from workflows.contract.errors import ErrorCode
from workflows.contract.events import CommandTaken, Event, MessageRejected, RecordingTranscribed
from workflows.contract.profile import SettingsPatch
from workflows.contract.transcription import Transcript
from workflows.state.decide import decide
from workflows.state.recordings import WaitingRecording
from workflows.state.session_state import SessionState


def transcribed(
    state: SessionState, message_id: str, transcript: Transcript, now: datetime
) -> tuple[Event, ...]:
    """The recording of this message was transcribed, or never will be.

    One that does not wait any more was withdrawn or rejected meanwhile: nothing follows.
    """
    recording = state.recordings.find(message_id)
    if recording is None:
        return ()
    known = RecordingTranscribed(at=now, message_id=message_id)
    unusable = _unusable(transcript)
    if unusable is not None:
        taken = CommandTaken(at=now, write_id=message_id)
        return (known, taken, MessageRejected(at=now, message_id=message_id, reason=unusable))
    alone = state.model_copy(update={"recordings": state.recordings.without(message_id)})
    return (known, *decide(alone, _message(recording, transcript.text), now))


def _unusable(transcript: Transcript) -> ErrorCode | None:
    if transcript.failure is not None or len(transcript.text) > MAX_CONTENT:
        return ErrorCode.TRANSCRIPTION_FAILED
    return None if transcript.text else ErrorCode.NOTHING_SAID


def _message(recording: WaitingRecording, text: str) -> SendMessage:
    return SendMessage(
        content=text,
        message_id=recording.message_id,
        agent=recording.agent,
        delivery=recording.delivery,
        settings=SettingsPatch.model_validate(recording.settings.model_dump(exclude_none=True)),
    )
