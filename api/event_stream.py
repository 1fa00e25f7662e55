"""A viewer's way along the log: where it starts, what is replay, when it must start anew, where it ends.

Owns the promise that a viewer misses nothing and gets nothing twice; must not know frames (`sse`) or feeds'
insides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LoggedEvent, LogReader
from activities.store.projection import Projection
from api.hub import Feed
from api.reset import KIND as RESET
from api.reset import reset_event
from workflows.contract.events import SessionEnded

ENDED: str = SessionEnded.model_fields["type"].default


@dataclass(frozen=True)
class Seen:
    """An event on its way to a viewer."""

    event: LoggedEvent
    replay: bool
    """Whether it was written before the viewer asked."""


class EventStream:
    """One viewer of one session, at `cursor`."""

    def __init__(
        self, session_id: str, cursor: Cursor | None, reader: LogReader, projection: Projection
    ) -> None:
        self._session_id = session_id
        self._reader = reader
        self._projection = projection
        self._seam = BEGINNING
        self._asked = cursor
        self.cursor = cursor or BEGINNING
        self.over = False
        """Whether the viewer has everything that will ever be."""

    async def open(self) -> None:
        """Find the seam between replay and live; without a cursor, start at it."""
        last = await self._reader.last(self._session_id)
        self._seam = last.cursor if last else BEGINNING
        if self._asked is None:
            self.cursor = self._seam
        if self.cursor > self._seam:
            # A place that this log has never reached: of a log that was lost.
            self.cursor = BEGINNING
        self.over = last is not None and last.kind == ENDED and self.cursor >= last.cursor

    async def page(self, limit: int) -> Sequence[Seen]:
        """Up to `limit` events that are there already."""
        return await self._made_whole(await self._reader.after(self._session_id, self.cursor, limit))

    async def next(self, feed: Feed) -> Sequence[Seen]:
        """The next events, as soon as there are any."""
        return await self._made_whole(await feed.after(self.cursor))

    async def _made_whole(self, events: Sequence[LoggedEvent]) -> Sequence[Seen]:
        """The events with a hole before them, or a bare reset among them, made good."""
        seen: list[Seen] = []
        for event in events:
            if self._continues(event):
                seen.append(self._take(event))
            elif event.cursor > self.cursor:
                reset = await reset_event(self._session_id, self._projection, self._reader, datetime.now(UTC))
                seen.append(self._take(reset))
        return seen

    def _continues(self, event: LoggedEvent) -> bool:
        if event.kind == RESET:
            return False
        is_first = self.cursor == BEGINNING and event.cursor.n == 1
        return is_first or event.cursor.follows(self.cursor)

    def _take(self, event: LoggedEvent) -> Seen:
        self.cursor = max(event.cursor, self.cursor)
        self.over = self.over or event.kind == ENDED
        return Seen(event, replay=event.cursor <= self._seam)
