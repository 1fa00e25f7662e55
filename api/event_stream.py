"""A viewer's way along the log: where it starts, what is replay, when it must start anew, where it ends.

Owns the promise that a viewer misses nothing and gets nothing twice; must not know frames (`sse`) or feeds'
insides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LoggedEvent, LogReader, LogTornError
from activities.store.projection import Projection
from api.hub import Feed
from api.reset import KIND as RESET
from api.reset import read_reset
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
        self.over = last is not None and last.kind == ENDED and self.cursor.agrees_with(last.cursor)

    async def page(self, limit: int) -> Sequence[Seen]:
        """Up to `limit` events that are there already."""
        try:
            found = await self._reader.continuing(self._session_id, self.cursor, limit)
        except LogTornError:
            return await self._begin_anew()
        return await self._made_whole(found)

    async def next(self, feed: Feed) -> Sequence[Seen]:
        """The next events, as soon as there are any."""
        while True:
            try:
                seen = await self._made_whole(await feed.after(self.cursor))
            except LogTornError:
                seen = await self._begin_anew()
            if seen:
                return seen
            # The store has lost the session; its workflow will tell it again.
            await feed.change()

    async def _made_whole(self, events: Sequence[LoggedEvent]) -> Sequence[Seen]:
        """The events up to a bare reset, which is made good; what follows it is read anew."""
        seen: list[Seen] = []
        for event in events:
            if event.kind == RESET:
                return [*seen, *await self._begin_anew()]
            seen.append(self._take(event))
        return seen

    async def _begin_anew(self) -> Sequence[Seen]:
        """Everything at once, and on behind it; nothing while the store knows nothing."""
        reset = await read_reset(self._session_id, self._projection, self._reader, datetime.now(UTC))
        if reset is None:
            return ()
        self.cursor = reset.event.cursor
        self.over = reset.closed
        return (Seen(reset.event, replay=self.cursor <= self._seam),)

    def _take(self, event: LoggedEvent) -> Seen:
        self.cursor = event.cursor
        self.over = event.kind == ENDED
        return Seen(event, replay=event.cursor <= self._seam)
