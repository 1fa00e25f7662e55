"""A query that meets a session between an event and its workflow task leaves no trace in what follows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openai import AsyncOpenAI
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.client import WorkflowQueryFailedError
from temporalio.testing import WorkflowEnvironment

from activities.store.client import connect
from tests.workflow.conftest import Talk
from workers.build import build_worker
from workers.offline.server import OfflineServer
from workers.whole_tasks import AheadOfTaskError, WholeTasks

QUEUE = "asked"
SESSIONS = 4
"""Whether a query or the task comes first is the engine's choice."""
Start = Callable[..., Any]


@pytest.fixture
def serving(engine: WorkflowEnvironment, store_url: str, model: OfflineServer) -> Callable[[], Any]:
    @asynccontextmanager
    async def one_worker() -> AsyncIterator[None]:
        redis = connect(store_url)
        openai = AsyncOpenAI(base_url=model.url, api_key="offline")
        async with build_worker(engine.client, redis, openai, task_queue=QUEUE):
            yield
        await redis.aclose()

    return one_worker


async def test_no_query_shows_a_session_what_no_task_has_brought_yet(
    talk: Start, serving: Callable[[], Any], engine: WorkflowEnvironment
) -> None:
    async with serving():
        sessions = [await talk("hello", task_queue=QUEUE) for _ in range(SESSIONS)]
        for session in sessions:
            await session.until("turn.completed")
    async with asyncio.TaskGroup() as asking:
        for session in sessions:
            await forget_worker(engine, session)
            asking.create_task(answered(session))
        await asyncio.sleep(0.5)
        said_at = datetime.now(UTC)
        for session in sessions:
            await session.say("while nobody serves", "m2")
        async with serving():
            for session in sessions:
                # A session that was shown the message too early has taken it for an old one.
                taken = await session.until("message.accepted", message_id="m2")
                assert datetime.fromisoformat(taken["at"]) >= said_at - timedelta(milliseconds=1)
                await session.until("turn.completed", turn=2)
    # Who has only the history gets to the same place: this worker, and the replay that `talk` ends with.
    async with serving():
        for session in sessions:
            await session.say("go on", "m3")
            await session.until("turn.completed", turn=3)
            history = await session.handle.fetch_history()
            assert not [e for e in history.events if e.HasField("workflow_task_failed_event_attributes")]


async def answered(session: Talk) -> None:
    """A query is answered, or refused where it can be asked again."""
    with suppress(WorkflowQueryFailedError):
        assert (await session.snapshot())["session_id"] == session.session_id


async def forget_worker(engine: WorkflowEnvironment, session: Talk) -> None:
    """Let the engine ask the next worker that comes."""
    await engine.client.workflow_service.reset_sticky_task_queue(
        ResetStickyTaskQueueRequest(
            namespace=engine.client.namespace, execution=WorkflowExecution(workflow_id=session.handle.id)
        )
    )


def test_events_without_a_task_of_their_own_are_recognised() -> None:
    tasks = WholeTasks()
    tasks.check(brings(3, at=100, job="initialize_workflow"))
    tasks.check(brings(3, at=101, job="resolve_activity"))
    with pytest.raises(AheadOfTaskError, match="query it again"):
        tasks.check(brings(7, at=101, job="signal_workflow"))
    tasks.check(brings(7, at=101, job="query_workflow"))
    tasks.check(brings(7, at=101, job="remove_from_cache"))
    tasks.check(brings(8, at=102, job="signal_workflow"))


def brings(history_length: int, *, at: int, job: str) -> WorkflowActivation:
    activation = WorkflowActivation(history_length=history_length)
    activation.timestamp.seconds = at
    getattr(activation.jobs.add(), job).SetInParent()
    return activation
