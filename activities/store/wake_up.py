"""What wakes the readers of a session's log, and brings them the news where it is small.

Written by the scripts (`wake` in the prelude), a line each: the cursor that the news follow, then cursor,
kind and JSON of each event. Owns that spelling; a wake-up may be lost, the log is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.store.cursor import Cursor
from activities.store.log_reader import LoggedEvent


@dataclass(frozen=True)
class News:
    """The events that follow the one at `before`."""

    before: Cursor
    events: Sequence[LoggedEvent]


def read_news(payload: bytes) -> News | None:
    """What `payload` brings; None when it says only that there is something to read."""
    first, *lines = payload.split(b"\n")
    before = Cursor.parse(first.decode())
    if before is None or not lines:
        return None
    return News(before, [_event(line) for line in lines])


def _event(line: bytes) -> LoggedEvent:
    place, kind, event = line.split(b" ", 2)
    cursor = Cursor.parse(place.decode())
    if cursor is None:
        raise ValueError(f"no cursor in a wake-up: {place!r}")
    return LoggedEvent(cursor, kind.decode(), event)
