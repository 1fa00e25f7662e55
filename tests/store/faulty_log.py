"""Event logs behind a bad connection.

Owns the failures that a writer cannot tell apart, what was sent has arrived or has not, and slowness.
"""

import asyncio
from enum import Enum, auto

from redis.asyncio import Redis

from activities.store.client import StoreUnavailableError
from activities.store.event_log import Appended, Batch, EventLog, Writer


class Fault(Enum):
    """What happens to an append."""

    NOT_SENT = auto()
    REPLY_LOST = auto()
    CANCELLED_BEFORE = auto()
    CANCELLED_BEHIND = auto()


class FaultyLog(EventLog):
    """Fails the next appends as `faults` says, then works."""

    def __init__(self, redis: "Redis") -> None:
        super().__init__(redis)
        self.faults: list[Fault] = []

    def failing(self, *faults: Fault) -> None:
        self.faults = list(faults)

    async def append(self, writer: Writer, batch: Batch) -> Appended:
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.NOT_SENT:
            raise StoreUnavailableError
        if fault is Fault.CANCELLED_BEFORE:
            raise asyncio.CancelledError
        reply = await super().append(writer, batch)
        if fault is Fault.REPLY_LOST:
            raise StoreUnavailableError
        if fault is Fault.CANCELLED_BEHIND:
            raise asyncio.CancelledError
        return reply


class SlowLog(EventLog):
    """Lets others run before and behind an append, and remembers how many entries each brought."""

    def __init__(self, redis: "Redis") -> None:
        super().__init__(redis)
        self.brought: list[int] = []

    async def append(self, writer: Writer, batch: Batch) -> Appended:
        await asyncio.sleep(0.004)
        reply = await super().append(writer, batch)
        self.brought.append(len(batch.entries))
        await asyncio.sleep(0.004)
        return reply
