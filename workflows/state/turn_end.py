"""What a step may say of its turn's end.

Owns the names, which the workflow will give to the same events; what is said is `contract.turn_end`'s.
"""

from datetime import datetime

from workflows.contract.events import SessionStatusChanged, TurnCompleted
from workflows.contract.session import Status
from workflows.contract.turn_end import TurnEnd
from workflows.state.outbox import Outbox
from workflows.state.session_state import SessionState


def turn_end(state: SessionState, outbox: Outbox, now: datetime) -> TurnEnd | None:
    """What the running step may say, or may have said, if its answer is complete.

    None without a turn, in a phase, whose turn does not end with an answer, and where sentences are spoken:
    what else is true then depends on what is heard.
    """
    turn = state.turn
    if turn is None or state.phase is not None or state.profile.speech is not None:
        return None
    completed = TurnCompleted(at=now, turn=turn.number, usage=turn.usage)
    idle = SessionStatusChanged(at=now, old=Status.ACTIVE, new=Status.IDLE)
    return TurnEnd(
        turn=turn.number,
        agent=turn.agent,
        message_id=turn.message_id,
        names=(outbox.next_name(completed), outbox.next_name(idle)),
        message_index=state.transcript.end,
        turn_usage=turn.usage,
        session_usage=state.usage,
        active=state.clocks.active(now),
        idle_timeout=None if state.clocks.paused else state.limits.idle_timeout,
    )
