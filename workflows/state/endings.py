"""How a turn or a session is asked to end.

Owns the events that ask for it; what ends, and when, is `next_step`'s.
"""

from datetime import datetime

from workflows.contract.events import EndDecided, Event, SpeechSilenced, TurnStopRequested
from workflows.contract.session import EndReason, StopReason
from workflows.state.session_state import SessionState


def end(state: SessionState, reason: EndReason, now: datetime) -> tuple[Event, ...]:
    """The session ends for `reason`; a running turn is stopped first."""
    return (EndDecided(at=now, reason=reason), *turn_stopped(state, StopReason.SESSION_ENDED, now))


def silenced(state: SessionState, now: datetime) -> tuple[Event, ...]:
    """Nothing more of an answer is heard that was complete before it was stopped."""
    if state.profile.speech is None or state.turn is not None:
        return ()
    return (SpeechSilenced(at=now),)


def turn_stopped(state: SessionState, reason: StopReason, now: datetime) -> tuple[Event, ...]:
    """The running turn is asked to stop, unless it was already; a barge-in may be taken back, others not."""
    if state.turn is None or state.turn.stop not in {None, StopReason.BARGED_IN}:
        return ()
    if state.turn.stop is reason:
        return ()
    return (TurnStopRequested(at=now, turn=state.turn.number, reason=reason),)
