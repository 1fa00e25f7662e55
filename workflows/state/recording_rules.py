"""What a session does with recordings until they are transcribed.

Owns how one is taken, when it is transcribed, and how it is withdrawn; what follows from its transcript is in
`transcribed`.
"""

from datetime import datetime
from typing import Final

from workflows.contract.commands import SendRecording
from workflows.contract.errors import ErrorCode
from workflows.contract.events import CommandTaken, Event, MessageRejected, RecordingTaken
from workflows.contract.profile import Settings
from workflows.contract.transcription import TranscribeRecordingInput
from workflows.state.recordings import WaitingRecording
from workflows.state.session_state import SessionState

NOT_HEARD_YET: Final = "…"
UNTOLD_LANGUAGE: Final = "en"
"""What a profile has that names no language: nothing is known of how people speak to it."""


def taken(state: SessionState, recording: SendRecording, now: datetime) -> tuple[Event, ...]:
    """What follows from a recording that is not refused; its write has no effect before it is transcribed."""
    agent = state.profile.agent(recording.agent)
    if agent is None:
        return ()
    waits = RecordingTaken(
        at=now,
        message_id=recording.message_id,
        audio_id=recording.audio_id,
        agent=agent.name,
        delivery=recording.delivery,
        settings=recording.settings.over(Settings()),
    )
    return (CommandTaken(at=now), waits)


def withdrawn(state: SessionState, message_id: str, now: datetime) -> tuple[Event, ...]:
    """What follows when the recording of this message is withdrawn, if it waits: it never was a message."""
    if state.recordings.find(message_id) is None:
        return ()
    gone = MessageRejected(at=now, message_id=message_id, reason=ErrorCode.WITHDRAWN)
    return (CommandTaken(at=now, write_id=message_id), gone)


def recording_to_transcribe(state: SessionState) -> WaitingRecording | None:
    """The recording to transcribe now; none where it could be no message any more."""
    if state.ending is not None or state.messages_left == 0:
        return None
    return state.recordings.to_begin


def transcription(state: SessionState, recording: WaitingRecording) -> TranscribeRecordingInput:
    """What is asked of who transcribes `recording`."""
    language = state.profile.language
    return TranscribeRecordingInput(
        session_id=state.session_id,
        audio_id=recording.audio_id,
        language=None if language == UNTOLD_LANGUAGE else language,
    )
