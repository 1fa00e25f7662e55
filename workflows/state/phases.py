"""What a guided session does next in its plan.

Owns the rules of phases: when one begins, winds down and is over. The plan's own questions are `plan`'s, the
words of a call `cues`'.
"""

from datetime import datetime

from workflows.contract.events import (
    Event,
    PhaseCompleted,
    PhaseStarted,
    PhaseWindingDown,
    TurnCompleted,
    TurnStarted,
)
from workflows.contract.model_call import Sentences
from workflows.contract.phases import Phase
from workflows.state.clocks import Deadline, DeadlineKind
from workflows.state.plan import Part
from workflows.state.session_state import SessionState
from workflows.state.turn import StepStatus, Turn


def phase_deadline(state: SessionState) -> Deadline | None:
    """When the phase's clock strikes."""
    phase = state.phase
    if phase is None or state.plan.part is not Part.MAIN or state.turn is None:
        return None
    strikes_at = state.plan.strikes_at(phase)
    at = None if strikes_at is None else state.clocks.when_active_for(strikes_at)
    if at is None:
        return None
    return Deadline(at=at, kind=DeadlineKind.PHASE, label=f"phase {phase.name} winds down")


def waits_to_speak(state: SessionState) -> bool:
    """Whether the session has something to say without being asked."""
    if state.phase is not None:
        return not state.plan.waits
    return not state.plan.waits and state.plan.next_index(state.profile.phases) is not None


def is_told(state: SessionState) -> bool:
    """Whether the plan was walked to its end."""
    phases = state.profile.phases
    if state.profile.speech is not None and state.speaking.pending:
        return False
    if state.plan.waits:
        return False
    return bool(phases) and state.phase is None and state.plan.next_index(phases) is None


def phase_start(state: SessionState, started: TurnStarted) -> tuple[Event, ...]:
    """`started`, with the phase that begins with it, if one does."""
    following = state.plan.next_index(state.profile.phases)
    if state.phase is not None or following is None:
        return (started,)
    phase = state.profile.phases[following]
    begun = PhaseStarted(
        at=started.at,
        phase=phase.name,
        index=following + 1,
        of=len(state.profile.phases),
        budget=state.plan.budget(phase),
    )
    return (begun, started)


def phase_step(state: SessionState, turn: Turn, now: datetime) -> tuple[Event, ...]:
    """What follows in the running phase; nothing while its current part goes on."""
    phase = state.phase
    if phase is None or turn.stop is not None:
        return ()
    plan = state.plan
    if plan.part is Part.MAIN:
        over = plan.main_is_over(phase, state.clocks.active(now))
        return (_winding_down(state, phase, now),) if over else ()
    between_steps = turn.status is StepStatus.READY
    if between_steps and (plan.is_wound_down or not plan.most_sentences(phase)):
        completed = TurnCompleted(at=now, turn=turn.number, usage=turn.usage)
        return (completed, _completed(state, phase, now))
    return ()


def is_cut(state: SessionState, turn: Turn) -> bool:
    """Whether the running step says what nobody waits for any more."""
    return turn.part is Part.MAIN and state.plan.part is Part.WIND_DOWN


def sentences(state: SessionState) -> Sentences | None:
    """How the next answer is told."""
    if not state.profile.in_sentences:
        return None
    phase = state.phase
    return Sentences(
        language=state.profile.language,
        first=state.sentences,
        most=state.plan.most_sentences(phase) if phase else None,
        phase=phase.name if phase else None,
        spoken=state.profile.speech is not None,
    )


def _winding_down(state: SessionState, phase: Phase, now: datetime) -> PhaseWindingDown:
    return PhaseWindingDown(
        at=now,
        phase=phase.name,
        index=state.plan.index + 1,
        of=len(state.profile.phases),
        budget=state.plan.budget(phase),
        sentences=state.plan.said,
    )


def _completed(state: SessionState, phase: Phase, now: datetime) -> PhaseCompleted:
    following = state.plan.next_index(state.profile.phases)
    return PhaseCompleted(
        at=now,
        phase=phase.name,
        index=state.plan.index + 1,
        of=len(state.profile.phases),
        budget=state.plan.budget(phase),
        sentences=state.plan.said,
        next=None if following is None else state.profile.phases[following].name,
    )
