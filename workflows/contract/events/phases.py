"""What happens in the plan of a guided session.

Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Literal

from workflows.contract.events.base import DomainEvent


class _PhaseEvent(DomainEvent):
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


PhaseEvent = PhaseStarted | PhaseWindingDown | PhaseCompleted
