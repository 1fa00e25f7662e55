"""What happened: the one vocabulary of state, event log and clients.

Three kinds. *Recorded* events change the state (`workflows.state`) and, unless they are *private*, go to the
event log. *Streamed* events are written to the log by a model step and reach the state as its result.
Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue

from workflows.contract.base import Timestamp, Value
from workflows.contract.errors import ErrorCode, FailureKind, StepFailure
from workflows.contract.profile import Limits, Settings
from workflows.contract.session import (
    Delivery,
    EndReason,
    MessageSentences,
    Status,
    StopReason,
    Summary,
    Usage,
)
from workflows.contract.speech import AudioFormat


class _Event(Value):
    """Something that happened at `at`."""

    private: ClassVar[bool] = False
    shows_session: ClassVar[bool] = False
    """Whether clients get the whole session object with it."""
    unpublished_fields: ClassVar[frozenset[str]] = frozenset()

    type: str
    at: Timestamp

    def fields(self) -> dict[str, Any]:
        """The event as clients see it, but for the session's id and object."""
        return self.model_dump(mode="json", exclude=set(self.unpublished_fields))

    def published(self, session_id: str) -> dict[str, Any]:
        """The event as clients of the session see it, but for its object."""
        fields = self.fields()
        return {"type": fields.pop("type"), "session_id": session_id, "at": fields.pop("at"), **fields}


class SessionStarted(_Event):
    shows_session = True
    type: Literal["session.started"] = "session.started"


class SessionUpdated(_Event):
    """Carries the new values whole, so that applying it twice is applying it once."""

    shows_session = True
    unpublished_fields = frozenset({"title", "metadata", "limits", "settings"})
    type: Literal["session.updated"] = "session.updated"
    title: str | None
    metadata: dict[str, JsonValue]
    limits: Limits
    settings: Settings


class SessionPaused(_Event):
    shows_session = True
    type: Literal["session.paused"] = "session.paused"


class SessionResumed(_Event):
    shows_session = True
    type: Literal["session.resumed"] = "session.resumed"


class SessionStatusChanged(_Event):
    type: Literal["session.status_changed"] = "session.status_changed"
    old: Status
    new: Status


class SessionEndingSoon(_Event):
    """`at` is when the session will end; for `max_messages`, `remaining` messages are left."""

    unpublished_fields = frozenset({"ends_at"})
    type: Literal["session.ending_soon"] = "session.ending_soon"
    reason: EndReason
    ends_at: Timestamp | None = None
    remaining: int | None = None

    def fields(self) -> dict[str, Any]:
        """As for every event; `at` is the end where a clock brings it, as the contract wants."""
        fields = super().fields()
        if self.ends_at is None:
            return fields
        return {name: value for name, value in fields.items() if name != "remaining"} | {
            "at": self.model_dump(mode="json")["ends_at"]
        }


class SessionEnded(_Event):
    type: Literal["session.ended"] = "session.ended"
    reason: EndReason
    summary: Summary


class MessageAccepted(_Event):
    unpublished_fields = frozenset({"settings"})
    type: Literal["message.accepted"] = "message.accepted"
    message_id: str
    delivery: Delivery
    position: int
    agent: str
    content: str
    settings: Settings = Settings()


class MessageRejected(_Event):
    type: Literal["message.rejected"] = "message.rejected"
    message_id: str
    reason: ErrorCode


class MessageWithdrawn(_Event):
    unpublished_fields = frozenset({"number"})
    type: Literal["message.withdrawn"] = "message.withdrawn"
    message_id: str
    number: int = 0
    """Which of the session's messages it was; an id may come again, much later."""
    reason: Literal["withdrawn"] = "withdrawn"


class MessageInjected(_Event):
    type: Literal["message.injected"] = "message.injected"
    message_id: str
    turn: int


class TurnStarted(_Event):
    type: Literal["turn.started"] = "turn.started"
    turn: int
    agent: str
    message_ids: tuple[str, ...]


class TurnRetrying(_Event):
    unpublished_fields = frozenset({"shown"})
    type: Literal["turn.retrying"] = "turn.retrying"
    turn: int
    attempt: int
    next_retry_at: Timestamp
    reason: FailureKind
    shown: int = 0


class TurnCompleted(_Event):
    type: Literal["turn.completed"] = "turn.completed"
    turn: int
    usage: Usage
    reason: Literal["completed"] = "completed"


class TurnStopped(_Event):
    type: Literal["turn.stopped"] = "turn.stopped"
    turn: int
    usage: Usage
    reason: StopReason


class TurnFailed(_Event):
    type: Literal["turn.failed"] = "turn.failed"
    turn: int
    usage: Usage
    error: StepFailure

    def fields(self) -> dict[str, Any]:
        """As for every event; of the failure, clients get its kind and its sentence."""
        return super().fields() | {"error": {"code": self.error.kind, "message": self.error.message}}


class _PhaseEvent(_Event):
    """Something about a phase; `index` counts from 1, `budget` and `sentences` are counts of sentences."""

    phase: str
    index: int
    of: int
    budget: int


class PhaseStarted(_PhaseEvent):
    type: Literal["phase.started"] = "phase.started"


class PhaseWindingDown(_PhaseEvent):
    """The main part is over; what is left of the budget leads over to the next phase."""

    type: Literal["phase.winding_down"] = "phase.winding_down"
    sentences: int


class PhaseCompleted(_PhaseEvent):
    """`next`: the name of the phase that follows."""

    type: Literal["phase.completed"] = "phase.completed"
    sentences: int
    next: str | None


class SpeechReady(_Event):
    """In the order of the sentences."""

    type: Literal["speech.ready"] = "speech.ready"
    sentence_index: int
    audio_id: str
    url: str
    format: str
    duration_ms: int


class SpeechSkipped(_Event):
    type: Literal["speech.skipped"] = "speech.skipped"
    sentence_index: int
    reason: str


class SentencesKnown(_Event):
    """So many sentences of the session are told."""

    private = True
    type: Literal["sentences.known"] = "sentences.known"
    told: int


class SpeechBegun(_Event):
    private = True
    type: Literal["speech.begun"] = "speech.begun"
    sentence_index: int


class SentenceSpoken(_Event):
    """A sentence was synthesized, or given up."""

    private = True
    type: Literal["sentence.spoken"] = "sentence.spoken"
    sentence_index: int
    audio_id: str | None = None
    format: AudioFormat = "wav"
    duration_ms: int = 0
    skipped: FailureKind | None = None


class CommandTaken(_Event):
    """A client or an operator acted; every clock that waits for one starts anew."""

    private = True
    type: Literal["command.taken"] = "command.taken"
    write_id: str | None = None


class TurnStopRequested(_Event):
    private = True
    type: Literal["turn.stop_requested"] = "turn.stop_requested"
    turn: int
    reason: StopReason


class StepStarted(_Event):
    private = True
    type: Literal["step.started"] = "step.started"
    turn: int
    step: int
    attempt: int


class StepCancelled(_Event):
    """The running step was asked to end; its result still comes."""

    private = True
    type: Literal["step.cancelled"] = "step.cancelled"
    turn: int


class StepBroken(_Event):
    """The running step ended without a result; what it showed is still to be settled."""

    private = True
    type: Literal["step.broken"] = "step.broken"
    turn: int
    error: StepFailure | None
    """None: broken by our own cancellation."""


class SettlingStarted(_Event):
    private = True
    type: Literal["answer.settling"] = "answer.settling"
    turn: int


class AnswerSettled(_Event):
    """The assistant's message of a step is final, and viewers hold exactly this."""

    private = True
    type: Literal["answer.settled"] = "answer.settled"
    turn: int
    message_id: str
    text: str
    status: Literal["complete", "stopped", "failed"]
    usage: Usage = Usage()
    response_id: str | None = None
    """The provider's stored response that equals the transcript up to here, if there is one."""
    sentences: MessageSentences | None = None
    """How it was told, if in sentences."""
    cut: bool = False
    """Whether the model had more to say."""
    flagged: int = 0
    """Sentences that the safety filter did not let through as they were."""


class ProjectionMissed(_Event):
    """A step did not find in the store what the workflow had put there."""

    private = True
    type: Literal["projection.missed"] = "projection.missed"
    turn: int


class StoreDoubted(_Event):
    """Somebody has reason to believe that the store lost something: the next publication finds out."""

    private = True
    type: Literal["store.doubted"] = "store.doubted"


class EpochStarted(_Event):
    """The store lost the log: a new one begins with `reset`, which readers complete from the projection."""

    type: Literal["reset"] = "reset"


class EndDecided(_Event):
    private = True
    type: Literal["session.end_decided"] = "session.end_decided"
    reason: EndReason


class DoorClosed(_Event):
    """The store tells writers that the session is ending: what comes later is refused, not lost."""

    private = True
    type: Literal["session.door_closed"] = "session.door_closed"


Event = Annotated[
    SessionStarted
    | SessionUpdated
    | SessionPaused
    | SessionResumed
    | SessionStatusChanged
    | SessionEndingSoon
    | SessionEnded
    | MessageAccepted
    | MessageRejected
    | MessageWithdrawn
    | MessageInjected
    | TurnStarted
    | TurnRetrying
    | TurnCompleted
    | TurnStopped
    | TurnFailed
    | PhaseStarted
    | PhaseWindingDown
    | PhaseCompleted
    | SpeechReady
    | SpeechSkipped
    | SentencesKnown
    | SpeechBegun
    | SentenceSpoken
    | CommandTaken
    | TurnStopRequested
    | StepStarted
    | StepCancelled
    | StepBroken
    | SettlingStarted
    | AnswerSettled
    | ProjectionMissed
    | StoreDoubted
    | EpochStarted
    | EndDecided
    | DoorClosed,
    Field(discriminator="type"),
]


class MessageDelta(_Event):
    type: Literal["message.delta"] = "message.delta"
    turn: int
    message_id: str
    offset: int
    text: str


class MessageCompleted(_Event):
    type: Literal["message.completed"] = "message.completed"
    turn: int
    message_id: str
    text: str
    status: Literal["complete", "stopped", "failed"]


class TurnSuperseded(_Event):
    type: Literal["turn.superseded"] = "turn.superseded"
    turn: int
    message_id: str


class SentenceTold(_Event):
    """`index` counts from 0 through the session; the text is its delta's, without the white space around."""

    type: Literal["sentence"] = "sentence"
    turn: int
    index: int
    text: str
    phase: str | None


StreamedEvent = MessageDelta | MessageCompleted | TurnSuperseded | SentenceTold
PublishedEvent = Event | StreamedEvent
