"""What one viewer saw of one session, and whether anybody may see such a thing.

Pure. Owns the rules of a single stream: the strict reducer's, and that the log has no holes. Must not compare
viewers with anything else (`checker`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from activities.store.cursor import Cursor
from tests.chaos.records import Arrival
from tests.chaos.verdict import Harm, Violation
from tests.reducer import ContractViolationError, HeldMessage, Reducer

_HARMS: Final = (
    ("gap:", Harm.LOST),
    ("the last word is", Harm.LOST),
    ("overlap:", Harm.DOUBLED),
    ("a second time", Harm.DOUBLED),
    ("repeats its predecessor", Harm.DOUBLED),
    ("out of order", Harm.REORDERED),
    ("after a later one", Harm.REORDERED),
)
"""By what the reducer says; whatever it says besides is a broken promise."""


@dataclass(frozen=True)
class Viewing:
    """All that a viewer got, what it held in the end, and what was wrong with it."""

    viewer: str
    arrivals: Sequence[Arrival]
    held: Reducer
    violation: Violation | None

    @property
    def used(self) -> dict[str, HeldMessage]:
        """The messages that belong to a turn."""
        return {name: held for name, held in self.held.messages.items() if held.turn is not None}

    @property
    def was_reset(self) -> bool:
        """Whether it had to begin anew."""
        return any(arrival.event["type"] == "reset" for arrival in self.arrivals)


def viewings(arrivals: Iterable[Arrival]) -> list[Viewing]:
    """What each viewer of a session saw."""
    by_viewer: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        by_viewer.setdefault(arrival.viewer, []).append(arrival)
    return [_viewing(viewer, seen) for viewer, seen in by_viewer.items()]


def _viewing(viewer: str, arrivals: Sequence[Arrival]) -> Viewing:
    held, before = Reducer(), None
    for arrival in arrivals:
        harm, detail = None, ""
        try:
            held.feed(arrival.event)
        except ContractViolationError as error:
            harm, detail = _harm(str(error)), str(error)
        if harm is None and _leaves_hole(before, arrival.event):
            harm, detail = Harm.LOST, f"nothing between {before} and {arrival.event['cursor']}"
        if harm is not None:
            where = f"{viewer}, connection {arrival.connection}, {arrival.at:.3f} s: {detail}"
            return Viewing(viewer, arrivals, held, Violation(harm, arrival.session_id, where))
        before = Cursor.parse(arrival.event["cursor"])
    return Viewing(viewer, arrivals, held, None)


def _harm(detail: str) -> Harm:
    return next((harm for words, harm in _HARMS if words in detail), Harm.BROKEN)


def _leaves_hole(before: Cursor | None, event: dict[str, Any]) -> bool:
    """Entries of the log are numbered without a hole; only a reset goes on elsewhere."""
    cursor = Cursor.parse(event["cursor"])
    if event["type"] == "reset" or cursor is None:
        return False
    return cursor.n != 1 if before is None else not cursor.follows(before)
