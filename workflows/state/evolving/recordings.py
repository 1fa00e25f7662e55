"""What each event about a recording makes of the state.

Owns that part of the fold; where a recording becomes a message, the message's event removes it, too.
"""

from typing import assert_never

from workflows.contract.events import (
    RecordingEvent,
    RecordingTaken,
    RecordingTranscribed,
    TranscriptionBegun,
)
from workflows.state.recordings import Recordings, WaitingRecording


def recordings_after(recordings: Recordings, event: RecordingEvent) -> Recordings:
    """`recordings` after `event`."""
    match event:
        case RecordingTaken():
            return recordings.added(_waiting(event))
        case TranscriptionBegun():
            return recordings.beginning(event.message_id)
        case RecordingTranscribed():
            return recordings.without(event.message_id)
        case _:
            assert_never(event)


def _waiting(event: RecordingTaken) -> WaitingRecording:
    return WaitingRecording(
        message_id=event.message_id,
        audio_id=event.audio_id,
        agent=event.agent,
        delivery=event.delivery,
        settings=event.settings,
        taken_at=event.at,
    )
