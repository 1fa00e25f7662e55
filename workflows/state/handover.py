"""What a run of the workflow begins with: a new session, or what the run before it hands over.

Owns the shape; when a run ends is the shell's to say.
"""

from typing import Final

from workflows.contract.base import Value
from workflows.contract.start import SessionStart
from workflows.state.outbox import Outbox
from workflows.state.session_state import SessionState

HISTORY_LIMIT: Final = 3_500
"""Events after which a session continues in a new run, below the server's own suggestion at 4,096."""


class Carried(Value):
    """What a run hands to the next; the inbox is folded right before, so it is never in it."""

    state: SessionState
    outbox: Outbox


class SessionInput(Value):
    """A new session, or one that goes on in a new run."""

    start: SessionStart
    carried: Carried | None = None
    history_limit: int = HISTORY_LIMIT
