"""Carries a schedule out on a cluster, and makes everything whole again.

Owns how each fault is done to real processes; must not decide when.
"""

import asyncio
import signal
import subprocess
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from tests.chaos.clock import Clock
from tests.chaos.cluster import Cluster
from tests.chaos.proxy import pass_all
from tests.chaos.records import Book, Happened
from tests.chaos.schedule import STORE, Kind, Planned
from tests.system import Part

TERMINATION_SECONDS: Final = 12.0


class Nemesis:
    """Does to a cluster what was planned."""

    def __init__(self, cluster: Cluster, clock: Clock, book: Book) -> None:
        self._cluster = cluster
        self._clock = clock
        self._book = book
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._carry_out: dict[Kind, Callable[[Planned], Awaitable[None]]] = {
            Kind.KILL: self._kill,
            Kind.FREEZE: self._freeze,
            Kind.TERMINATE: self._terminate,
            Kind.CUT_STORE: self._cut_store,
            Kind.EMPTY_STORE: self._empty_store,
            Kind.CUT_LINK: self._cut_link,
            Kind.BLACK_HOLE: self._black_hole,
            Kind.SLOW_LINK: self._slow_link,
            Kind.PROVIDER: self._provider,
        }

    async def carry_out(self, plan: Iterable[Planned]) -> None:
        """Everything that is planned, each at its time."""
        async with asyncio.TaskGroup() as faults:
            for fault in plan:
                faults.create_task(self._at_its_time(fault))

    async def heal(self) -> None:
        """Start what is dead, wake what sleeps, let pass what waits."""
        pass_all(self._cluster.links.values())
        for part in self._cluster.system.parts.values():
            if part.process is None or part.process.poll() is not None:
                part.start()
            part.signal(signal.SIGCONT)

    async def _at_its_time(self, fault: Planned) -> None:
        await self._clock.until(fault.at)
        async with self._locks[fault.target]:
            began = self._clock.now()
            await self._carry_out[fault.kind](fault)
        self._book.note(Happened(fault.kind, fault.target, began, self._clock.now()))

    def _part(self, fault: Planned) -> Part:
        return self._cluster.system.parts[fault.target]

    async def _lasts(self, fault: Planned) -> None:
        # One that had to wait for its target lasts as long as it was meant to.
        await asyncio.sleep(fault.until - fault.at)

    async def _kill(self, fault: Planned) -> None:
        part = self._part(fault)
        part.kill()
        await self._lasts(fault)
        part.start()

    async def _freeze(self, fault: Planned) -> None:
        part = self._part(fault)
        part.signal(signal.SIGSTOP)
        try:
            await self._lasts(fault)
        finally:
            part.signal(signal.SIGCONT)

    async def _terminate(self, fault: Planned) -> None:
        part = self._part(fault)
        part.signal(signal.SIGTERM)
        assert part.process is not None
        try:
            await asyncio.to_thread(part.process.wait, TERMINATION_SECONDS)
        except subprocess.TimeoutExpired:
            part.kill()
        await self._lasts(fault)
        part.start()

    async def _cut_store(self, fault: Planned) -> None:
        """As a power failure leaves it: the newest writes are not on the disk."""
        store = self._cluster.system.parts[STORE]
        store.kill()
        files = (self._cluster.system.folder / "appendonlydir").glob("*.incr.aof")
        newest = max(files, key=lambda path: path.stat().st_mtime)
        with newest.open("r+b") as file:
            file.truncate(max(newest.stat().st_size - int(fault.amount), 0))
        await self._lasts(fault)
        store.start()

    async def _empty_store(self, _fault: Planned) -> None:
        redis = self._cluster.system.redis()
        await redis.flushall()
        await redis.aclose()

    async def _cut_link(self, fault: Planned) -> None:
        self._cluster.links[fault.target].cut()

    async def _black_hole(self, fault: Planned) -> None:
        line = self._cluster.links[fault.target]
        line.block()
        await self._lasts(fault)
        line.pass_on()

    async def _slow_link(self, fault: Planned) -> None:
        line = self._cluster.links[fault.target]
        line.delay = fault.amount
        await self._lasts(fault)
        line.delay = 0.0

    async def _provider(self, fault: Planned) -> None:
        await self._cluster.system.script(**(fault.behaviour or {}))
        await self._lasts(fault)
