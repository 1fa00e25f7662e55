"""What happens to turns and their steps.

Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Any, Literal

from workflows.contract.base import Timestamp
from workflows.contract.errors import FailureKind, StepFailure
from workflows.contract.events.base import DomainEvent
from workflows.contract.session import MessageSentences, StopReason, Usage


class TurnStarted(DomainEvent):
    type: Literal["turn.started"] = "turn.started"
    turn: int
    agent: str
    message_ids: tuple[str, ...]


class TurnRetrying(DomainEvent):
    unpublished_fields = frozenset({"shown", "step"})
    type: Literal["turn.retrying"] = "turn.retrying"
    turn: int
    step: int = 1
    attempt: int
    next_retry_at: Timestamp
    reason: FailureKind
    shown: int = 0


class TurnCompleted(DomainEvent):
    type: Literal["turn.completed"] = "turn.completed"
    turn: int
    usage: Usage
    reason: Literal["completed"] = "completed"


class TurnStopped(DomainEvent):
    type: Literal["turn.stopped"] = "turn.stopped"
    turn: int
    usage: Usage
    reason: StopReason


class TurnFailed(DomainEvent):
    type: Literal["turn.failed"] = "turn.failed"
    turn: int
    usage: Usage
    error: StepFailure

    def fields(self) -> dict[str, Any]:
        """As for every event; of the failure, clients get its kind and its sentence."""
        return super().fields() | {"error": {"code": self.error.kind, "message": self.error.message}}


class TurnSuperseded(DomainEvent):
    type: Literal["turn.superseded"] = "turn.superseded"
    turn: int
    message_id: str


class TurnStopRequested(DomainEvent):
    private = True
    type: Literal["turn.stop_requested"] = "turn.stop_requested"
    turn: int
    reason: StopReason


class StepStarted(DomainEvent):
    private = True
    type: Literal["step.started"] = "step.started"
    turn: int
    step: int
    attempt: int


class StepCancelled(DomainEvent):
    """The running step was asked to end; its result still comes."""

    private = True
    type: Literal["step.cancelled"] = "step.cancelled"
    turn: int


class StepBroken(DomainEvent):
    """The running step ended without a result; what it showed is still to be settled."""

    private = True
    type: Literal["step.broken"] = "step.broken"
    turn: int
    error: StepFailure | None
    """None: broken by our own cancellation."""


class SettlingStarted(DomainEvent):
    private = True
    type: Literal["answer.settling"] = "answer.settling"
    turn: int


class AnswerSettled(DomainEvent):
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


class ProjectionMissed(DomainEvent):
    """A step did not find in the store what the workflow had put there."""

    private = True
    type: Literal["projection.missed"] = "projection.missed"
    turn: int


StepEvent = (
    TurnStopRequested
    | TurnRetrying
    | StepStarted
    | StepCancelled
    | StepBroken
    | SettlingStarted
    | ProjectionMissed
)
"""What happens to a running turn that goes on."""
TurnEnded = TurnCompleted | TurnStopped | TurnFailed
TurnEvent = TurnStarted | StepEvent | AnswerSettled | TurnEnded
