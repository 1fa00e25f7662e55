"""What follows from the end of a model step.

Owns the way from a step's outcome to the turn's; must not start anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflows.contract.errors import FailureKind, StepFailure
from workflows.contract.events import (
    AnswerSettled,
    EndDecided,
    EpochStarted,
    Event,
    ProjectionMissed,
    StepBroken,
    TurnCompleted,
    TurnFailed,
    TurnRetrying,
    TurnStopped,
)
from workflows.contract.model_call import StepResult
from workflows.contract.publication import Publication
from workflows.contract.safety import SafetyPolicy
from workflows.contract.session import EndReason, StopReason
from workflows.state.session_state import SessionState
from workflows.state.store_finding import StoreFinding
from workflows.state.turn import StepStatus, Turn, next_wait

_VANISHED: Final = StepFailure(kind=FailureKind.TIMEOUT, message="The step took longer than it may.", shown=1)
"""`shown`: nobody is left to ask, so viewers may hold something."""


@dataclass(frozen=True)
class Outcome:
    """How a step ended: its events, what became of its publication, and what it says of the store."""

    events: Sequence[Event]
    riding: Publication
    published: bool
    finding: StoreFinding | None = None
    last_word_in: int | None = None
    """The epoch whose log holds the step's last word, if it said one."""
    turn_end: Publication | None = None
    """What the step said of its turn's end, if it did."""


def step_finished(
    state: SessionState, result: StepResult, now: datetime, *, said_in: int
) -> tuple[Event, ...]:
    """The step ended with a text that viewers of epoch `said_in` hold whole.

    That log may have been given up meanwhile: viewers of the present one hear of the text by a reset.
    """
    if state.turn is None:
        return ()
    events = _finished(state.turn, result, now, in_phase=state.phase is not None)
    if _strikes_out(state, result):
        stopped = TurnStopped(
            at=now,
            turn=state.turn.number,
            usage=state.turn.usage + result.usage,
            reason=StopReason.SESSION_ENDED,
        )
        events = (events[0], EndDecided(at=now, reason=EndReason.SAFETY), stopped)
    unheard = result.text and said_in != state.epoch
    return (*events, EpochStarted(at=now)) if unheard else events


def _strikes_out(state: SessionState, result: StepResult) -> bool:
    """Whether the safety filter has held back more than the profile bears."""
    safety = state.profile.safety
    if safety is None or not result.flagged:
        return False
    over = safety.strikes is not None and state.strikes + result.flagged >= safety.strikes
    return over or safety.policy is SafetyPolicy.END


def _finished(turn: Turn, result: StepResult, now: datetime, *, in_phase: bool) -> tuple[Event, ...]:
    at = _when(result, turn, now)
    settled = AnswerSettled(
        at=at,
        turn=turn.number,
        message_id=turn.message_id,
        text=result.text,
        status=result.outcome,
        usage=result.usage,
        response_id=result.response_id,
        sentences=result.sentences,
        cut=result.cut,
        flagged=result.flagged,
    )
    usage = turn.usage + result.usage
    stopped_unasked = result.outcome == "stopped" and not turn.cancelled
    if in_phase and turn.stop is None and result.outcome != "failed" and not stopped_unasked:
        # What follows in the phase, or that it is over, is asked of the plan.
        return (settled,)
    if result.outcome == "complete":
        return (settled, TurnCompleted(at=at, turn=turn.number, usage=usage))
    return (settled, _ended(turn.model_copy(update={"usage": usage}), turn.failure, now))


def _when(result: StepResult, turn: Turn, now: datetime) -> datetime:
    """When the answer was complete: as the step said, if it did; clocks of workers may be wrong."""
    if not result.turn_ended or result.ended_at is None:
        return now
    return min(max(result.ended_at, turn.started_at), now)


def step_failed(state: SessionState, failure: StepFailure, now: datetime) -> tuple[Event, ...]:
    """The step ended with a provider's failure: try again, or give up.

    What cannot be tried again has failed, stopped or not: a stop may turn up before the failure when a
    workflow task is repeated, and the end of the turn may have been published then.
    """
    turn = state.turn
    if turn is None:
        return ()
    if turn.status is StepStatus.SETTLING:
        return (StepBroken(at=now, turn=turn.number, error=turn.failure),)
    wait = next_wait(turn, state.retries, failure) if failure.retryable else None
    if wait is None:
        return _given_up(turn, failure.shown, failure, now)
    if turn.stop is not None:
        return _given_up(turn, failure.shown, None, now)
    retrying = TurnRetrying(
        at=now,
        turn=turn.number,
        step=turn.step,
        attempt=turn.attempt + 1,
        next_retry_at=now + wait,
        reason=failure.kind,
        shown=failure.shown,
    )
    return (retrying,)


def step_vanished(state: SessionState, now: datetime) -> tuple[Event, ...]:
    """The step ended without saying how: cancelled with its worker dead, or out of time."""
    return step_failed(state, _VANISHED, now)


def projection_missed(state: SessionState, now: datetime) -> tuple[Event, ...]:
    """The step did not find in the store what it needs."""
    return () if state.turn is None else (ProjectionMissed(at=now, turn=state.turn.number),)


def _given_up(turn: Turn, shown: int, failure: StepFailure | None, now: datetime) -> tuple[Event, ...]:
    if shown or turn.shown:
        return (StepBroken(at=now, turn=turn.number, error=failure),)
    return (_ended(turn, failure, now),)


def _ended(turn: Turn, failure: StepFailure | None, now: datetime) -> Event:
    if failure is not None:
        return TurnFailed(at=now, turn=turn.number, usage=turn.usage, error=failure)
    return TurnStopped(at=now, turn=turn.number, usage=turn.usage, reason=turn.stop or StopReason.STOPPED)
