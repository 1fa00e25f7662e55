"""The worker process of the floor."""

import asyncio
import os

from redis.asyncio import Redis
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from bench.bare import Bare

QUEUE = "floor"


def stream_of(workflow_id: str | None) -> str:
    """Where the activities of a bare workflow write."""
    return f"floor:{workflow_id}"


async def serve() -> None:
    redis = Redis.from_url(os.environ["REDIS_URL"])

    @activity.defn
    async def write(number: int) -> None:
        await redis.xadd(stream_of(activity.info().workflow_id), {"n": number})

    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await Worker(client, task_queue=QUEUE, workflows=[Bare], activities=[write]).run()


if __name__ == "__main__":
    asyncio.run(serve())
