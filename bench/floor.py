"""The floor: a bare workflow, signal → eager activity → XADD → XREAD, in a worker process of its own."""

import asyncio
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Self

from temporalio.client import WorkflowHandle

from bench.bare_worker import QUEUE, stream_of
from tests.system import Part, System

Handle = WorkflowHandle[Any, Any]


class Floor:
    """The bare workflow, running in `system`."""

    def __init__(self, system: System) -> None:
        self._part = Part("floor", [sys.executable, "-m", "bench.bare_worker"], system.env, system.folder)
        self._system = system

    async def __aenter__(self) -> Self:
        self._part.start()
        self._client = await self._system.engine()
        self._redis = self._system.redis()
        self._handle = await self._begun("floor")
        await self.seconds()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._handle.terminate()
        await self._redis.aclose()
        self._part.stop()

    @property
    def pid(self) -> int:
        """Of the worker."""
        return self._part.pid

    async def seconds(self) -> float:
        """From sending the signal to reading what its activity wrote."""
        return await self._ask(self._handle)

    async def many(self, workflows: int) -> Sequence[Handle]:
        """As many bare workflows, each of which was asked once."""
        handles = [await self._begun(f"floor-{number}") for number in range(workflows)]
        await asyncio.gather(*map(self._ask, handles))
        return handles

    async def ask_all(self, handles: Sequence[Handle], times: int) -> None:
        """Ask each workflow so often, all of them at once."""

        async def ask(handle: Handle) -> None:
            for _ in range(times):
                await self._ask(handle)

        await asyncio.gather(*map(ask, handles))

    async def _begun(self, name: str) -> Handle:
        return await self._client.start_workflow("Bare", id=name, task_queue=QUEUE)

    async def _ask(self, handle: Handle) -> float:
        start = perf_counter()
        reading = asyncio.create_task(self._read(handle.id))
        await handle.signal("ask")
        await reading
        return perf_counter() - start

    async def _read(self, name: str) -> Any:
        return await self._redis.xread({stream_of(name): "$"}, block=60_000)
