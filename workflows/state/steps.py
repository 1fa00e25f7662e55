"""What a session may do next: the vocabulary between the rules and whoever carries them out."""

from dataclasses import dataclass
from typing import Literal

from workflows.contract.events import Event
from workflows.contract.model_call import ModelCall, Sentences
from workflows.contract.safety import Safety
from workflows.contract.session import Summary
from workflows.contract.transcription import TranscribeRecordingInput
from workflows.state.clocks import Deadline


@dataclass(frozen=True)
class Record:
    """Facts that follow by themselves; record them and ask again."""

    events: tuple[Event, ...]


@dataclass(frozen=True)
class CallModel:
    """Start the turn's current step."""

    turn: int
    step: int
    attempt: int
    message_id: str
    call: ModelCall
    sentences: Sentences | None = None
    safety: Safety | None = None


@dataclass(frozen=True)
class CancelStep:
    """Ask the running step to end."""

    turn: int


@dataclass(frozen=True)
class SettleAnswer:
    """Make what was shown of a broken step's message the whole message."""

    turn: int
    step: int
    message_id: str
    status: Literal["stopped", "failed"]
    sentences: Sentences | None = None


@dataclass(frozen=True)
class Speak:
    """Synthesize a sentence; `text`: what it says, where the store does not know it."""

    index: int
    text: str | None = None


@dataclass(frozen=True)
class Transcribe:
    """Tell what a recording says."""

    message_id: str
    given: TranscribeRecordingInput


@dataclass(frozen=True)
class CloseDoor:
    """Tell the store that the session is ending, durably, before the last word."""


@dataclass(frozen=True)
class Wait:
    """Nothing to do until something happens, or until the deadline."""

    until: Deadline | None


@dataclass(frozen=True)
class Finish:
    """The session is over; nothing follows."""

    summary: Summary


Step = Record | CallModel | CancelStep | SettleAnswer | Speak | Transcribe | CloseDoor | Wait | Finish
