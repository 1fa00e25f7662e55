"""The engine behind the API: Temporal, reduced to what sessions need.

Owns calls, their patience, and what their errors mean to a client. Must not know HTTP beyond `Problem`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from weakref import WeakValueDictionary

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api import metrics
from api.errors import Problem, session_closed, session_not_found
from workflows.contract import wire
from workflows.contract.commands import UpdateSession, WithdrawMessage, signal_payload
from workflows.contract.errors import ErrorCode
from workflows.contract.session import workflow_id
from workflows.contract.start import SessionStart

PATIENCE: Final = timedelta(seconds=5)
TASK_TIMEOUT: Final = timedelta(seconds=5)
"""A workflow task whose worker died in the middle of it is given to another one after this long."""
UPDATES_AT_ONCE: Final = 4
"""Of one session. Temporal takes ten, and an eleventh costs those that are under way their workflow task."""
ENGINE_IS_AWAY: Final = (
    "The engine does not answer. Send the same request again in a moment; with the same message_id or "
    "Idempotency-Key that is always safe."
)


class Engine:
    """Starts sessions and speaks to them. Raises Problem: `engine_unavailable`, `session_closed`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._knows_attributes = False
        self._updating: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def start(self, start: SessionStart, fingerprint: str) -> str | None:
        """Start the session's workflow; the fingerprint of who started it before, if somebody did."""
        async with engine_errors(missing=engine_unavailable):
            attributes = await self._attributes(start)
            try:
                await self._client.start_workflow(
                    wire.WORKFLOW_TYPE,
                    {"start": _payload(start, searchable=attributes is not None)},
                    id=workflow_id(start.session_id),
                    task_queue=wire.TASK_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    memo={
                        wire.REQUEST_MEMO: fingerprint,
                        wire.TENANT_MEMO: start.tenant,
                        wire.KEY_MEMO: start.session_key,
                    },
                    search_attributes=attributes,
                    static_summary=start.title or f"{start.session_key} · {start.profile.name}",
                    task_timeout=TASK_TIMEOUT,
                    rpc_timeout=PATIENCE,
                )
            except WorkflowAlreadyStartedError:
                return await self._memo(start.session_id, wire.REQUEST_MEMO)
        return None

    async def signal(self, session_id: str, name: str, payload: dict[str, Any]) -> None:
        """Send a command to a session that is open."""
        async with engine_errors():
            await self._handle(session_id).signal(name, payload, rpc_timeout=PATIENCE)

    async def update(self, session_id: str, change: UpdateSession) -> dict[str, Any]:
        """Change a session: the session object as it is then."""
        return await self._update(session_id, wire.UPDATE_SESSION, signal_payload(change))

    async def withdraw(self, session_id: str, withdrawal: WithdrawMessage) -> None:
        """Withdraw a waiting message."""
        await self._update(session_id, wire.WITHDRAW_MESSAGE, signal_payload(withdrawal))

    async def tenant(self, session_id: str) -> str:
        """Whose session it is. Raises Problem: `session_not_found`."""
        return await self._memo(session_id, wire.TENANT_MEMO)

    async def snapshot(self, session_id: str) -> dict[str, Any]:
        """The session object out of the workflow itself, for when the store does not know it.

        Raises Problem: `session_not_found`, also where the workflow was ended before it ran.
        """
        snapshot: dict[str, Any] = await self._query(session_id, wire.SNAPSHOT_QUERY)
        return snapshot

    async def transcript(self, session_id: str) -> list[dict[str, Any]]:
        """The messages that the workflow still holds. Raises Problem as `snapshot` does."""
        messages: list[dict[str, Any]] = await self._query(session_id, wire.TRANSCRIPT_QUERY)
        return messages

    async def delete(self, session_id: str) -> None:
        """Delete the workflow and its history, soon. Raises Problem: `session_not_found`."""
        request = DeleteWorkflowExecutionRequest(
            namespace=self._client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id(session_id)),
        )
        async with engine_errors(missing=session_not_found):
            await self._client.workflow_service.delete_workflow_execution(request, timeout=PATIENCE)

    async def is_open(self, session_id: str) -> bool:
        """Whether the session's workflow goes on. Raises Problem: `session_not_found`."""
        async with engine_errors(missing=session_not_found):
            description = await self._handle(session_id).describe(rpc_timeout=PATIENCE)
        return description.status is WorkflowExecutionStatus.RUNNING

    async def check(self) -> None:
        """Raise Problem unless the engine serves."""
        async with engine_errors():
            await self._client.service_client.check_health(timeout=PATIENCE)

    def page_of(self, session_id: str) -> str:
        """Where the engine's web UI shows the session, below its address."""
        return self.page_of_workflow(workflow_id(session_id))

    def page_of_workflow(self, workflow: str) -> str:
        """Where the engine's web UI shows the workflow of this id, below its address."""
        return f"namespaces/{self._client.namespace}/workflows/{workflow}"

    def _handle(self, session_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id(session_id))

    async def _query(self, session_id: str, name: str) -> Any:
        async with engine_errors(missing=session_not_found):
            try:
                return await self._handle(session_id).query(name, rpc_timeout=PATIENCE)
            except RPCError as error:
                if error.status is RPCStatusCode.FAILED_PRECONDITION:
                    raise session_not_found() from error
                raise

    async def _update(self, session_id: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        free = self._updating.setdefault(session_id, asyncio.Semaphore(UPDATES_AT_ONCE))
        with metrics.refusals_counted():
            async with engine_errors(), free:
                return await self._updated(session_id, name, payload)

    async def _updated(self, session_id: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await self._handle(session_id).execute_update(
                name, payload, rpc_timeout=PATIENCE
            )
        except WorkflowUpdateFailedError as error:
            raise _refused(error) from error
        return answer

    async def _memo(self, session_id: str, name: str) -> str:
        async with engine_errors(missing=session_not_found):
            description = await self._handle(session_id).describe(rpc_timeout=PATIENCE)
            return str(await description.memo_value(name, ""))

    async def _attributes(self, start: SessionStart) -> TypedSearchAttributes | None:
        """The session's search attributes; None where the server does not know them."""
        self._knows_attributes = self._knows_attributes or await self._are_registered()
        if not self._knows_attributes:
            return None
        values = {
            wire.PROFILE_ATTRIBUTE: start.profile.name,
            wire.STATUS_ATTRIBUTE: "idle",
            wire.USER_ATTRIBUTE: start.user_id,
            wire.KEY_ATTRIBUTE: start.session_key,
            wire.TENANT_ATTRIBUTE: start.tenant,
        }
        return TypedSearchAttributes(
            [SearchAttributePair(key, value) for key, value in values.items() if value is not None]
        )

    async def _are_registered(self) -> bool:
        request = ListSearchAttributesRequest(namespace=self._client.namespace)
        try:
            known = await self._client.operator_service.list_search_attributes(request, timeout=PATIENCE)
        except RPCError as error:
            if error.status in _AWAY:
                raise
            return False
        return all(key.name in known.custom_attributes for key in wire.SEARCH_ATTRIBUTES)


def _payload(start: SessionStart, *, searchable: bool) -> dict[str, Any]:
    first = start.first_message
    return start.model_dump(mode="json") | {
        "first_message": first and first.model_dump(mode="json", exclude_unset=True),
        "search_attributes": searchable,
    }


_AWAY: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNKNOWN,
    }
)


_SILENCE: Final = (
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowQueryFailedError,
    TimeoutError,
    RuntimeError,  # the client could not connect at all
)


@asynccontextmanager
async def engine_errors(missing: Callable[[], Problem] = session_closed) -> AsyncIterator[None]:
    """Turn the engine's errors into problems; `missing`: what it means that there is no such workflow."""
    try:
        # The client's own patience is for one attempt; it makes several.
        async with asyncio.timeout(PATIENCE.total_seconds()):
            yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise missing() from error
        if error.status not in _AWAY:
            raise
        raise engine_unavailable() from error
    except _SILENCE as error:
        raise engine_unavailable() from error


def engine_unavailable() -> Problem:
    """What the engine could only do if it answered."""
    return Problem(ErrorCode.ENGINE_UNAVAILABLE, ENGINE_IS_AWAY)


def _refused(error: WorkflowUpdateFailedError) -> Problem:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in set(ErrorCode):
        return Problem(ErrorCode(cause.type), cause.message)
    return engine_unavailable()
