"""A viewer's way along the log: where it starts, what is replay, when it must start anew, where it ends.

Owns the promise that a viewer misses nothing and gets nothing twice; must not know frames (`sse`) or feeds'
insides.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from activities.store.client import StoreUnavailableError
from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LoggedEvent, LogReader, LogTornError
from activities.store.projection import ProjectedSession, Projection
from api.hub import Feed
from api.reset import KIND as RESET
from api.reset import read_reset
from workflows.contract.events import SessionEnded

ENDED: str = SessionEnded.model_fields["type"].default
RECOVERY_SECONDS: Final = 0.5
_NOWHERE: Final = Cursor(0, 10**15 - 1)
"""In no log: who stands here has to begin anew."""


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
        self._reset_at: Cursor | None = None
        """Where the last reset left the viewer who has got nothing since."""
        self.cursor = cursor or BEGINNING
        self.over = False
        """Whether the viewer has everything that will ever be."""

    async def open(self) -> None:
        """Find the seam between replay and live; without a cursor, start at it."""
        last = await self._reader.last(self._session_id) or await self._first_words()
        if last is None:
            return
        self._seam = last.cursor
        if self._asked is None:
            self.cursor = self._seam
        self.over = last.kind == ENDED and self.cursor.agrees_with(last.cursor)

    async def page(self, limit: int) -> Sequence[Seen]:
        """Up to `limit` events that are there already."""
        return await self._following(self._reader.continuing(self._session_id, self.cursor, limit))

    async def next(self, feed: Feed) -> Sequence[Seen]:
        """The next events; none, after a look at the log, when there are none: ask again."""
        look = feed.next_look
        seen = await self._following(feed.after(self.cursor))
        if not seen:
            await look.wait()
        return seen

    async def next_despite_outages(self, feed: Feed) -> Sequence[Seen]:
        """The same, however long the store is away."""
        try:
            return await self.next(feed)
        except StoreUnavailableError:
            await asyncio.sleep(RECOVERY_SECONDS)
            return ()

    async def _first_words(self) -> LoggedEvent | None:
        """The log's end after all: a session may begin to speak while somebody looks for it."""
        session = await self._projection.session(self._session_id)
        # Written in one script: where the session was there, and the log is not, the log is lost.
        last = await self._reader.last(self._session_id)
        if last is None:
            self._open_without_log(session)
        return last

    def _open_without_log(self, session: ProjectedSession | None) -> None:
        """The session has not spoken yet, or the store has lost what it said."""
        self._seam = session.cursor if session else BEGINNING
        if self._asked is None or self._asked == self._seam:
            self.cursor = self._reset_at = self._seam
            self.over = session is not None and session.closed
        else:
            self.cursor = _NOWHERE

    async def _following(self, events: Awaitable[Sequence[LoggedEvent]]) -> Sequence[Seen]:
        try:
            return await self._made_whole(await events)
        except LogTornError:
            return await self._begin_anew()

    async def _made_whole(self, events: Sequence[LoggedEvent]) -> Sequence[Seen]:
        """The events up to a bare reset, which is made good; what follows it is read anew."""
        seen: list[Seen] = []
        for event in events:
            if event.kind == RESET:
                return [*seen, *await self._begin_anew()]
            seen.append(self._take(event))
        return seen

    async def _begin_anew(self) -> Sequence[Seen]:
        """Everything at once, and on behind it; nothing while the store knows nothing new."""
        reset = await read_reset(self._session_id, self._projection, self._reader, datetime.now(UTC))
        if reset is None or (self._reset_at and self._reset_at.agrees_with(reset.event.cursor)):
            return ()
        self.cursor = self._reset_at = reset.event.cursor
        self.over = reset.closed
        return (Seen(reset.event, replay=self.cursor <= self._seam),)

    def _take(self, event: LoggedEvent) -> Seen:
        self.cursor = event.cursor
        self._reset_at = None
        self.over = event.kind == ENDED
        return Seen(event, replay=event.cursor <= self._seam)
