"""Owns the events of one response and those who wait for more of them.

Must not know what the events say: an event's place in the list is its `sequence_number`.
"""

import asyncio
from bisect import bisect_left


class EventLog:
    """An append-only list with any number of readers, each at a position of its own."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.torn = False
        """Closed without a terminal event: the server gave the response up."""
        self.discarded = False
        self.delta_count = 0
        self._delta_positions: list[int] = []
        self._prologue: int | None = None
        self._closed = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def next_number(self) -> int:
        """Return the sequence number of the event that comes next."""
        return len(self.events)

    @property
    def closed(self) -> bool:
        """Return whether no event follows."""
        return self._closed.is_set()

    def append(self, event: bytes) -> None:
        """Add an event and wake the readers."""
        self.events.append(event)
        if self._waiting:
            self._wake()

    def append_delta(self, event: bytes) -> None:
        """Add an event that carries a piece of the answer."""
        self._delta_positions.append(len(self.events))
        self.delta_count += 1
        self.append(event)

    def end_prologue(self) -> None:
        """Mark that what comes next is output."""
        self._prologue = len(self.events)

    def close(self, *, torn: bool = False) -> None:
        """Let readers end: no event follows."""
        self.torn = torn
        self._closed.set()
        self._wake()

    def discard(self) -> None:
        """Free the events of a closed log; readers that already have the list keep it."""
        self.events, self._delta_positions, self.discarded = [], [], True

    def position_after(self, start: int, deltas: int) -> int | None:
        """Return the position behind so many deltas from a position on; None while there are fewer."""
        if deltas == 0:
            return None if self._prologue is None else max(start, self._prologue)
        index = bisect_left(self._delta_positions, start) + deltas - 1
        return self._delta_positions[index] + 1 if index < len(self._delta_positions) else None

    async def wait_past(self, position: int) -> None:
        """Return when there is an event at this position, or never will be."""
        while len(self.events) <= position and not self.closed:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    async def wait_closed(self) -> None:
        """Return when no event can follow."""
        await self._closed.wait()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
