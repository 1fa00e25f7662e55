"""A running turn: a loop of steps, of which this file knows where it stands.

Owns attempts, retries and the stop; must not know messages that wait, nor what a step says.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.contract.base import ASSISTANT_PREFIX, MIN_SECONDS, Elapsed, Timestamp, Value
from workflows.contract.errors import FailureKind, StepFailure
from workflows.contract.profile import Effort
from workflows.contract.session import StopReason, TurnView, Usage
from workflows.contract.start import RetrySchedule
from workflows.state.plan import Part

RETRY_GROWTH: Final = 2
MOST_DOUBLINGS: Final = 64
"""Far beyond any schedule, and small enough for arithmetic."""


class StepStatus(StrEnum):
    """Where the current step stands."""

    READY = "ready"
    RUNNING = "running"
    RETRYING = "retrying"
    """Waits for `retry_at`."""
    BROKEN = "broken"
    """No attempt is alive, and viewers may hold a part of its message."""
    SETTLING = "settling"
    """That part is being made the whole."""


def message_id(turn: int, step: int) -> str:
    """The id of the message that a step says."""
    return f"{ASSISTANT_PREFIX}{turn}.{step}"


class Turn(Value):
    """The turn that is running."""

    number: int
    agent: str
    message_ids: tuple[str, ...]
    started_at: Timestamp
    effort: Effort | None = None
    step: int = 1
    status: StepStatus = StepStatus.READY
    attempt: int = 0
    """Attempts that were started."""
    asked_to: int = 0
    """Where the transcript ended when the last attempt was started."""
    shown: int = 0
    """Code points of the current step's message that viewers may hold."""
    retry_at: Timestamp | None = None
    retry_reason: FailureKind | None = None
    retries: int = 0
    waited: Elapsed = timedelta()
    stop: StopReason | None = None
    cancelled: bool = False
    failure: StepFailure | None = None
    """Why the turn cannot go on."""
    usage: Usage = Usage()
    part: Part | None = None
    """In a guided session: what the last attempt was to say of its phase."""
    asked_for: int = 0
    """In how many sentences."""

    @property
    def message_id(self) -> str:
        """The id of the message that the current step says."""
        return message_id(self.number, self.step)

    def next_step(self, transcript_end: int) -> int:
        """The step of the next attempt.

        One that is asked more than the last begins a new step: a provider that goes on with a response would
        go on with one that never heard of the rest.
        """
        return self.step + (self.attempt > 0 and self.asked_to != transcript_end)

    @property
    def running(self) -> bool:
        """Whether an attempt of the current step may be alive."""
        return self.status is StepStatus.RUNNING

    def view(self) -> TurnView:
        """What clients see of it."""
        return TurnView(
            number=self.number,
            agent=self.agent,
            attempt=max(self.attempt, 1),
            started_at=self.started_at,
        )


def next_wait(turn: Turn, schedule: RetrySchedule, failure: StepFailure) -> timedelta | None:
    """How long to wait before the step is tried again; None when the schedule is used up."""
    stepped = schedule.initial * RETRY_GROWTH ** min(turn.retries, MOST_DOUBLINGS)
    asked = failure.retry_after.total_seconds() if failure.retry_after else 0.0
    wait = max(min(stepped, schedule.maximum), asked, MIN_SECONDS)
    return timedelta(seconds=wait) if turn.waited.total_seconds() + wait <= schedule.total else None


def ready_for_next_step(turn: Turn) -> Turn:
    """The turn when a step was settled and another one follows."""
    update = {
        "step": turn.step + 1,
        "status": StepStatus.READY,
        "attempt": 0,
        "shown": 0,
        "cancelled": False,
        "retry_at": None,
        "retries": 0,
        "waited": timedelta(),
    }
    return turn.model_copy(update=update)


def retrying(turn: Turn, *, at: datetime, until: datetime, reason: FailureKind, shown: int) -> Turn:
    """The turn while it waits for its next attempt."""
    return turn.model_copy(
        update={
            "status": StepStatus.RETRYING,
            "retry_at": until,
            "retry_reason": reason,
            "retries": turn.retries + 1,
            "waited": turn.waited + (until - at),
            "shown": shown,
        }
    )
