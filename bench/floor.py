"""The floor: a bare workflow, signal → eager activity → XADD → XREAD, in a worker process of its own.

Run as a module it is that worker; imported, it measures.
"""

import asyncio
import os
import sys
from datetime import timedelta
from time import perf_counter
from typing import Any, Self

from redis.asyncio import Redis
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from tests.system import Part, System

QUEUE = "floor"
STREAM = "floor"


@workflow.defn
class Bare:
    """Each signal becomes one activity."""

    def __init__(self) -> None:
        self._asked = 0
        self._done = 0

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._asked > self._done)
            self._done += 1
            await workflow.execute_activity("write", self._done, start_to_close_timeout=timedelta(seconds=10))

    @workflow.signal
    def ask(self) -> None:
        self._asked += 1


async def serve() -> None:
    redis = Redis.from_url(os.environ["REDIS_URL"])

    @activity.defn
    async def write(number: int) -> None:
        await redis.xadd(STREAM, {"n": number})

    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await Worker(client, task_queue=QUEUE, workflows=[Bare], activities=[write]).run()


class Floor:
    """The bare workflow, running in `system`."""

    def __init__(self, system: System) -> None:
        self._part = Part("floor", [sys.executable, "-m", "bench.floor"], system.env, system.folder)
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


if __name__ == "__main__":
    asyncio.run(serve())
