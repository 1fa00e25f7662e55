"""Reports of players, of which sessions hear the last only.

A player that ends one sentence begins the next: what comes within a moment goes to the session as one. Owns
that moment, and that reports arrive in their order; must not know what a report means.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

from activities.store.cursor import Cursor
from workflows.contract.commands import PlaybackReport

MOMENT_SECONDS: Final = 0.1

SendReport = Callable[[PlaybackReport], Awaitable[Cursor]]


class _Player:
    """The players of one session, as this process hears of them."""

    def __init__(self) -> None:
        self._in_order = asyncio.Lock()
        self._last: tuple[PlaybackReport, SendReport] | None = None
        self._sending: asyncio.Task[Cursor] | None = None

    async def report(self, report: PlaybackReport, send: SendReport) -> Cursor:
        self._last = (report, send)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_last())
        return await asyncio.shield(self._sending)

    async def _send_last(self) -> Cursor:
        async with self._in_order:
            await asyncio.sleep(MOMENT_SECONDS)
            last, self._last, self._sending = self._last, None, None
            if last is None:
                raise RuntimeError("nothing was reported")
            report, send = last
            return await send(report)


class PlaybackReports:
    """Reports for all sessions."""

    def __init__(self) -> None:
        self._players: WeakValueDictionary[str, _Player] = WeakValueDictionary()

    async def report(self, session_id: str, report: PlaybackReport, send: SendReport) -> Cursor:
        """Send `report`, or a later one instead; the cursor that answers whichever it was."""
        player = self._players.setdefault(session_id, _Player())
        return await player.report(report, send)
