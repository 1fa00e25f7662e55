"""An operator cancels the workflow: the session closes, whatever else the same workflow task brings."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Any, Final

import pytest
from openai import AsyncOpenAI
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.store.client import connect
from activities.transcriber import Transcriber
from activities.voices import Voices
from tests.workflow.conftest import PATIENCE, Talk
from workers.build import activities
from workers.offline.server import OfflineServer
from workers.sandbox import SANDBOX
from workers.single_batch import take_in_everything_at_once
from workflows.session import Session

QUEUE = "cancelled"
_COMPLETED: Final = "activity_task_completed_event_attributes"
Start = Callable[..., Any]
Serving = Callable[[], AbstractAsyncContextManager[Worker]]


@pytest.fixture
async def steps(engine: WorkflowEnvironment, store_url: str, model: OfflineServer) -> AsyncIterator[None]:
    """The steps of sessions are carried out, and nobody hears how they end."""
    redis = connect(store_url)
    openai = AsyncOpenAI(base_url=model.url, api_key="offline")
    carried_out = activities(redis, openai, Voices(openai, "", ""), Transcriber(openai, None))
    async with Worker(engine.client, task_queue=QUEUE, activities=carried_out):
        yield
    await redis.aclose()


@pytest.fixture
def sessions(engine: WorkflowEnvironment) -> Serving:
    """Sessions go on."""

    def serving() -> Worker:
        worker = Worker(engine.client, task_queue=QUEUE, workflows=[Session], workflow_runner=SANDBOX)
        take_in_everything_at_once(worker)
        return worker

    return serving


async def test_cancelling_an_idle_session_closes_it(talk: Start) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    await session.handle.cancel()
    assert (await session.ended())["reason"] == "cancelled"


async def test_cancelling_stops_a_running_answer(talk: Start, script: Start) -> None:
    await script(tokens=2000, tokens_per_second=200)
    session = await talk("go")
    await session.until("message.delta")
    await session.handle.cancel()
    assert (await session.ended())["reason"] == "cancelled"
    assert session.seen("turn.stopped")
    shown = "".join(event["text"] for event in session.seen("message.delta"))
    assert session.seen("message.completed")[0]["text"] == shown


async def test_a_cancellation_takes_no_end_away_that_comes_with_it(
    talk: Start, script: Start, steps: None, sessions: Serving
) -> None:
    await script(tokens=200, tokens_per_second=100)
    session = await talk("go", task_queue=QUEUE)
    async with sessions():
        await session.until("message.delta")
    await session.handle.cancel()
    await step_has_ended(session)
    async with sessions():
        assert (await session.ended())["reason"] == "cancelled"
    assert session.seen("message.completed")[0]["status"] == "complete"
    assert session.seen("turn.completed")


async def step_has_ended(session: Talk) -> None:
    give_up = monotonic() + PATIENCE
    while not any(event.HasField(_COMPLETED) for event in (await session.handle.fetch_history()).events):
        assert monotonic() < give_up, "the step has not ended"
        await asyncio.sleep(0.05)
