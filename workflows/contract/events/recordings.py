"""What happens to recordings, until each is a message or is rejected.

Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Literal

from workflows.contract.base import ClientMessageId, Name
from workflows.contract.commands import AudioId
from workflows.contract.events.base import DomainEvent
from workflows.contract.profile import Settings
from workflows.contract.session import Delivery


class RecordingTaken(DomainEvent):
    """It waits to be transcribed, and is a message of this id then."""

    private = True
    type: Literal["recording.taken"] = "recording.taken"
    message_id: ClientMessageId
    audio_id: AudioId
    agent: Name
    delivery: Delivery
    settings: Settings = Settings()


class TranscriptionBegun(DomainEvent):
    private = True
    type: Literal["transcription.begun"] = "transcription.begun"
    message_id: str


class RecordingTranscribed(DomainEvent):
    """It waits no more, whatever became of it; what follows is told to clients after it is in history."""

    private = True
    type: Literal["recording.transcribed"] = "recording.transcribed"
    message_id: str


RecordingEvent = RecordingTaken | TranscriptionBegun | RecordingTranscribed
