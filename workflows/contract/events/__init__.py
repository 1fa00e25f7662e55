"""What happened: the one vocabulary of state, event log and clients.

Three kinds. *Recorded* events change the state (`workflows.state`) and, unless they are *private*, go to the
event log. *Streamed* events are written to the log by a model step and reach the state as its result.
Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Annotated

from pydantic import Field

from workflows.contract.events.messages import (
    MessageAccepted,
    MessageCompleted,
    MessageDelta,
    MessageEvent,
    MessageInjected,
    MessageRejected,
    MessageWithdrawn,
)
from workflows.contract.events.phases import (
    PhaseCompleted,
    PhaseEvent,
    PhaseStarted,
    PhaseWindingDown,
)
from workflows.contract.events.recordings import (
    RecordingEvent,
    RecordingTaken,
    RecordingTranscribed,
    TranscriptionBegun,
)
from workflows.contract.events.session import (
    CommandTaken,
    DoorClosed,
    EndDecided,
    EpochStarted,
    SessionEnded,
    SessionEndingSoon,
    SessionEvent,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    SessionStatusChanged,
    SessionUpdated,
    StoreDoubted,
)
from workflows.contract.events.speech import (
    SentencesKnown,
    SentenceSpoken,
    SentenceTold,
    SpeechBegun,
    SpeechEvent,
    SpeechReady,
    SpeechSilenced,
    SpeechSkipped,
    SpeechUnannounced,
)
from workflows.contract.events.turns import (
    AnswerSettled,
    ProjectionMissed,
    SettlingStarted,
    StepBroken,
    StepCancelled,
    StepEvent,
    StepStarted,
    TurnCompleted,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnRetrying,
    TurnStarted,
    TurnStopped,
    TurnStopRequested,
    TurnSuperseded,
)
from workflows.contract.events.voice import (
    BargedIn,
    BargeInSettled,
    BargeInTakenBack,
    Interruption,
    MessageTruncated,
    MicrophoneMoved,
    PlaybackReported,
    VoiceEvent,
    VoiceRefused,
    VoiceStateChanged,
)

__all__ = [
    "AnswerSettled",
    "BargeInSettled",
    "BargeInTakenBack",
    "BargedIn",
    "CommandTaken",
    "DoorClosed",
    "EndDecided",
    "EpochStarted",
    "Event",
    "Interruption",
    "MessageAccepted",
    "MessageCompleted",
    "MessageDelta",
    "MessageEvent",
    "MessageInjected",
    "MessageRejected",
    "MessageTruncated",
    "MessageWithdrawn",
    "MicrophoneMoved",
    "PhaseCompleted",
    "PhaseEvent",
    "PhaseStarted",
    "PhaseWindingDown",
    "PlaybackReported",
    "ProjectionMissed",
    "PublishedEvent",
    "RecordingEvent",
    "RecordingTaken",
    "RecordingTranscribed",
    "SentenceSpoken",
    "SentenceTold",
    "SentencesKnown",
    "SessionEnded",
    "SessionEndingSoon",
    "SessionEvent",
    "SessionPaused",
    "SessionResumed",
    "SessionStarted",
    "SessionStatusChanged",
    "SessionUpdated",
    "SettlingStarted",
    "SpeechBegun",
    "SpeechEvent",
    "SpeechReady",
    "SpeechSilenced",
    "SpeechSkipped",
    "SpeechUnannounced",
    "StepBroken",
    "StepCancelled",
    "StepEvent",
    "StepStarted",
    "StoreDoubted",
    "StreamedEvent",
    "TranscriptionBegun",
    "TurnCompleted",
    "TurnEnded",
    "TurnEvent",
    "TurnFailed",
    "TurnRetrying",
    "TurnStarted",
    "TurnStopRequested",
    "TurnStopped",
    "TurnSuperseded",
    "VoiceEvent",
    "VoiceRefused",
    "VoiceStateChanged",
]

Event = Annotated[
    SessionEvent | MessageEvent | TurnEvent | PhaseEvent | SpeechEvent | VoiceEvent | RecordingEvent,
    Field(discriminator="type"),
]

StreamedEvent = MessageDelta | MessageCompleted | TurnSuperseded | SentenceTold
PublishedEvent = Event | StreamedEvent
