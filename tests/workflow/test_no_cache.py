"""A worker that remembers nothing: every workflow task replays the whole history.

The cheapest way to find what is not deterministic.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from openai import AsyncOpenAI
from temporalio.testing import WorkflowEnvironment

from activities.store.client import connect
from workers.build import build_worker
from workers.offline.server import OfflineServer

QUEUE = "forgetful"
Start = Callable[..., Any]


@pytest.fixture
async def forgetful(engine: WorkflowEnvironment, store_url: str, model: OfflineServer) -> AsyncIterator[None]:
    redis = connect(store_url)
    openai = AsyncOpenAI(base_url=model.url, api_key="offline")
    async with build_worker(engine.client, redis, openai, task_queue=QUEUE, max_cached_workflows=0):
        yield
    await redis.aclose()


async def test_a_session_lives_on_replays_alone(talk: Start, script: Start, forgetful: None) -> None:
    await script(tokens=300, tokens_per_second=200, contains="go")
    session = await talk("go", task_queue=QUEUE, limits={"idle_timeout": 300}, history_limit=80)
    await session.until("message.delta")
    await session.say("queued", "q1", delivery="queue")
    await session.say("steered", "s1")
    await session.signal("pause")
    await session.until("session.paused")
    await session.signal("resume")
    await session.signal("stop_turn")
    await session.until("turn.completed", turn=3)
    await script(status=500)
    await session.say("fails first", "m4")
    await session.until("turn.retrying")
    await session.pass_time(6)
    await session.until("turn.completed", turn=4)
    for number in range(5, 9):
        await session.say("more", f"m{number}")
        await session.until("turn.completed", turn=number)
    await session.pass_time(301)
    assert (await session.ended())["reason"] == "idle_timeout"
