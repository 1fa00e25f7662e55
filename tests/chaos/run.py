"""One run from its begin to its records: a cluster, people, viewers, faults, and what came of it.

Owns who does what when; must not judge (`checker`).
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from tests.chaos.clock import Clock
from tests.chaos.cluster import WORKER, Cluster, running_cluster
from tests.chaos.collect import Collector
from tests.chaos.nemesis import Nemesis
from tests.chaos.office import Office
from tests.chaos.records import Book, Run, Totals
from tests.chaos.schedule import Planned
from tests.chaos.talker import USUAL, Pace, Talker
from tests.chaos.viewer import HABITS, Habit, Viewer
from tests.system import ready

LATE: Final = Habit("afterwards")
"""Comes when everything is over."""


@dataclass(frozen=True)
class Plan:
    """What a run is: people talk for `seconds`, and meanwhile `faults` happen."""

    seed: int
    seconds: float
    faults: Sequence[Planned]
    closing: float = 8.0
    """How long before the end people begin nothing new."""
    patience: float = 45.0
    """How long everything may take to come to rest afterwards."""
    talkers: int = 5
    pace: Pace = USUAL
    worker: Sequence[str] = WORKER


class Audience:
    """All viewers, each a task."""

    def __init__(self, office: Office, seed: int) -> None:
        self.viewers: list[Viewer] = []
        self.session_ids: list[str] = []
        self._office = office
        self._seed = seed
        self._tasks: list[asyncio.Task[None]] = []

    def started(self, session_id: str) -> None:
        """A session has begun: everybody goes there."""
        self.session_ids.append(session_id)
        for habit in HABITS:
            self.add(session_id, habit)

    def add(self, session_id: str, habit: Habit) -> None:
        viewer = Viewer(session_id, habit, self._office, self._seed)
        self.viewers.append(viewer)
        self._tasks.append(asyncio.create_task(viewer.watch()))

    async def go(self) -> None:
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


async def carry_out(wanted: Plan, folder: Path) -> None:
    """Run, and leave the records in `folder`; the system's own files go into `folder`/system."""
    async with running_cluster(folder / "system", wanted.pace.tokens_per_second, wanted.worker) as cluster:
        with Book(folder) as book:
            book.note(Run(wanted.seed, wanted.seconds))
            async with _clients(cluster) as apis:
                await _run(wanted, cluster, apis, book)


@asynccontextmanager
async def _clients(cluster: Cluster) -> AsyncIterator[list[httpx2.AsyncClient]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(cluster.http(url)) for url in cluster.api_urls]


async def _run(wanted: Plan, cluster: Cluster, apis: list[httpx2.AsyncClient], book: Book) -> None:
    await cluster.system.forget_model_calls()
    before = (await cluster.system.model_stats())["generations_started"]
    clock = Clock()
    deadline = wanted.seconds + wanted.patience
    office = Office(apis, clock, book, wanted.seconds - wanted.closing, deadline)
    audience = Audience(office, wanted.seed)
    try:
        await _talk(wanted, cluster, office, audience)
        collector = Collector(apis[0], await cluster.system.engine(), clock)
        await collector.until_at_rest(audience.session_ids, deadline)
        for session_id in audience.session_ids:
            audience.add(session_id, LATE)
        await collector.until_all_seen(audience.viewers, clock.now() + wanted.patience / 2)
    finally:
        await audience.go()
    _say(f"{len(audience.session_ids)} sessions at rest after {clock.now():.0f} s")
    for settled in await collector.settled(audience.session_ids):
        book.note(settled)
    generations = (await cluster.system.model_stats())["generations_started"] - before
    book.note(Totals(generations, cluster.fenced()))


async def _talk(wanted: Plan, cluster: Cluster, office: Office, audience: Audience) -> None:
    nemesis = Nemesis(cluster, office.clock, office.book)
    talkers = [
        Talker(f"talker-{number}", wanted.seed, office, wanted.pace, audience.started)
        for number in range(wanted.talkers)
    ]
    try:
        async with asyncio.TaskGroup() as everybody:
            for talker in talkers:
                everybody.create_task(talker.talk())
            everybody.create_task(nemesis.carry_out(wanted.faults))
    finally:
        await nemesis.heal()
    await cluster.system.forget_script()
    await ready(cluster.system)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
