"""The worker process of the floor."""

import asyncio
import os

from redis.asyncio import Redis
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from bench.bare import Bare

QUEUE = "floor"
STREAM = "floor"


async def serve() -> None:
    redis = Redis.from_url(os.environ["REDIS_URL"])

    @activity.defn
    async def write(number: int) -> None:
        await redis.xadd(STREAM, {"n": number})

    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await Worker(client, task_queue=QUEUE, workflows=[Bare], activities=[write]).run()


if __name__ == "__main__":
    asyncio.run(serve())
