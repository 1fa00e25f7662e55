"""Owns how to see that a part works; must change nothing in it but the retention of the namespace."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from temporalio.api.enums.v1 import TaskQueueKind, TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    UpdateNamespaceRequest,
)
from temporalio.service import ConnectConfig, RPCError, ServiceClient, WorkflowService

from workflows.contract.wire import TASK_QUEUE

NAMESPACE = "default"
# The dev server's own is 24 h: too short to rebuild what a lost store held.
RETENTION = timedelta(days=30)
PATIENCE = 2.0

# Answers whether the part works that was started at the given moment; anything but an answer is a no.
Check = Callable[[datetime], Awaitable[bool]]


def store_serves(url: str, folder: Path) -> Check:
    """Check that a store answers, and that it is the one of this folder."""
    own = str(folder.resolve())

    async def check(_: datetime) -> bool:
        retry = Retry(NoBackoff(), 0)
        async with Redis.from_url(url, retry=retry, socket_timeout=None, decode_responses=True) as store:
            if not await store.ping():
                return False
            settings = await store.config_get("dir")
        return settings["dir"] == own

    return _no_by_silence(check)


def temporal_serves(address: str) -> Check:
    """Check that the namespace is there and keeps closed sessions long enough."""

    async def check(_: datetime) -> bool:
        service = await _temporal(address)
        described = await service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
        if _retention(described.config) == RETENTION:
            return True
        wanted = NamespaceConfig()
        wanted.workflow_execution_retention_ttl.FromTimedelta(RETENTION)
        await service.update_namespace(UpdateNamespaceRequest(namespace=NAMESPACE, config=wanted))
        return False

    return _no_by_silence(check)


def worker_polls(address: str) -> Check:
    """Check that somebody has asked for sessions' work since the worker was started."""

    async def check(started: datetime) -> bool:
        service = await _temporal(address)
        queue = TaskQueue(name=TASK_QUEUE, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
        kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
        request = DescribeTaskQueueRequest(namespace=NAMESPACE, task_queue=queue, task_queue_type=kind)
        described = await service.describe_task_queue(request)
        # The server remembers the pollers of a dead worker for minutes.
        return any(p.last_access_time.ToDatetime(tzinfo=UTC) >= started for p in described.pollers)

    return _no_by_silence(check)


def http_answers(url: str, *, with_success: bool = True) -> Check:
    """Check that a server answers, by default with a 2xx."""

    async def check(_: datetime) -> bool:
        # No certificates: it would take 20 ms to load them, for a plain connection to this machine.
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.get(url)
        return answer.is_success or not with_success

    return _no_by_silence(check)


async def _temporal(address: str) -> WorkflowService:
    client = await ServiceClient.connect(ConnectConfig(target_host=address))
    return client.workflow_service


def _retention(config: NamespaceConfig) -> timedelta:
    return config.workflow_execution_retention_ttl.ToTimedelta()


def _no_by_silence(check: Check) -> Check:
    async def answered(started: datetime) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                return await check(started)
        # RuntimeError is what Temporal's client raises when it cannot connect.
        except (OSError, TimeoutError, RedisError, RPCError, RuntimeError, httpx2.HTTPError):
            return False

    return answered
