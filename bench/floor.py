"""The floor: a bare workflow, signal → eager activity → XADD → XREAD, in a worker process of its own."""

import asyncio
import sys
from time import perf_counter
from typing import Any, Self

from bench.bare_worker import QUEUE, STREAM
from tests.system import Part, System


class Floor:
    """The bare workflow, running in `system`."""

    def __init__(self, system: System) -> None:
        self._part = Part("floor", [sys.executable, "-m", "bench.bare_worker"], system.env, system.folder)
        self._system = system

    async def __aenter__(self) -> Self:
        self._part.start()
        client = await self._system.engine()
        self._handle = await client.start_workflow("Bare", id="floor", task_queue=QUEUE)
        self._redis = self._system.redis()
        await self.seconds()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._handle.terminate()
        await self._redis.aclose()
        self._part.stop()

    async def seconds(self) -> float:
        """From sending the signal to reading what its activity wrote."""
        start = perf_counter()
        reading = asyncio.create_task(self._read())
        await self._handle.signal("ask")
        await reading
        return perf_counter() - start

    async def _read(self) -> Any:
        return await self._redis.xread({STREAM: "$"}, block=60_000)
