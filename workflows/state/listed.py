"""What the engine's list of sessions says of one.

Each change of it costs the engine as much as a turn does: a turn is listed as running when it lasts, and a
short one is not seen there at all. Clients are told every status, at once; this is for people who look at the
list. Owns when a status is worth listing.
"""

from datetime import datetime, timedelta

from workflows.contract.session import Status
from workflows.state.session_state import SessionState


def listed_status(state: SessionState, now: datetime, listed_after: timedelta) -> Status:
    """What the list should say at `now`, where turns are listed that last for `listed_after`."""
    status = state.current_status
    return status if status is not Status.ACTIVE or _lasts(state, now, listed_after) else Status.IDLE


def _lasts(state: SessionState, now: datetime, listed_after: timedelta) -> bool:
    """Whether the running turn has lasted for long enough, or will if it is like the last one."""
    if state.turn is None or state.last_turn is None:
        return True
    return max(state.last_turn, now - state.turn.started_at) >= listed_after
