"""The engine behind the API: Temporal, reduced to what sessions need.

Owns calls, their patience, and what their errors mean to a client. Must not know HTTP beyond `Problem`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import (
    Client,
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

from api.errors import Problem
from workflows.contract import wire
from workflows.contract.commands import UpdateSession, WithdrawMessage, signal_payload
from workflows.contract.errors import ErrorCode
from workflows.contract.session import workflow_id
from workflows.contract.start import SessionStart

PATIENCE: Final = timedelta(seconds=5)
TASK_TIMEOUT: Final = timedelta(seconds=5)
"""A workflow task whose worker died in the middle of it is given to another one after this long."""
ENGINE_IS_AWAY: Final = (
    "The engine does not answer. Send the same request again in a moment; with the same message_id or "
    "Idempotency-Key that is always safe."
)


class Engine:
    """Starts sessions and speaks to them. Raises Problem: `engine_unavailable`, `session_closed`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._knows_attributes = False

    async def start(self, start: SessionStart, fingerprint: str) -> str | None:
        """Start the session's workflow; the fingerprint of who started it before, if somebody did."""
        attributes = await self._attributes(start)
        given = start.model_copy(update={"search_attributes": attributes is not None})
        first = given.first_message
        payload = given.model_dump(mode="json") | {
            "first_message": first and first.model_dump(mode="json", exclude_unset=True)
        }
        async with _engine_errors():
            try:
                await self._client.start_workflow(
                    wire.WORKFLOW_TYPE,
                    {"start": payload},
                    id=workflow_id(start.session_id),
                    task_queue=wire.TASK_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    memo={wire.REQUEST_MEMO: fingerprint, wire.TENANT_MEMO: start.tenant},
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
        async with _engine_errors():
            await self._handle(session_id).signal(name, payload, rpc_timeout=PATIENCE)

    async def update(self, session_id: str, change: UpdateSession) -> dict[str, Any]:
        """Change a session: the session object as it is then."""
        return await self._update(session_id, wire.UPDATE_SESSION, signal_payload(change))

    async def withdraw(self, session_id: str, withdrawal: WithdrawMessage) -> None:
        """Withdraw a waiting message."""
        await self._update(session_id, wire.WITHDRAW_MESSAGE, signal_payload(withdrawal))

    async def snapshot(self, session_id: str) -> tuple[str, dict[str, Any]]:
        """(tenant, session object) out of the workflow itself, for when the store does not know it."""
        tenant = await self._memo(session_id, wire.TENANT_MEMO)
        async with _engine_errors(missing=ErrorCode.SESSION_NOT_FOUND):
            snapshot = await self._handle(session_id).query(wire.SNAPSHOT_QUERY, rpc_timeout=PATIENCE)
        return tenant, snapshot

    async def check(self) -> None:
        """Raise Problem unless the engine serves."""
        async with _engine_errors():
            await self._client.service_client.check_health(timeout=PATIENCE)

    def _handle(self, session_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id(session_id))

    async def _update(self, session_id: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        async with _engine_errors():
            try:
                answer: dict[str, Any] = await self._handle(session_id).execute_update(
                    name, payload, rpc_timeout=PATIENCE
                )
            except WorkflowUpdateFailedError as error:
                raise _refused(error) from error
        return answer

    async def _memo(self, session_id: str, name: str) -> str:
        async with _engine_errors(missing=ErrorCode.SESSION_NOT_FOUND):
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
                raise Problem(ErrorCode.ENGINE_UNAVAILABLE, ENGINE_IS_AWAY) from error
            return False
        return all(key.name in known.custom_attributes for key in wire.SEARCH_ATTRIBUTES)


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


@asynccontextmanager
async def _engine_errors(missing: ErrorCode = ErrorCode.SESSION_CLOSED) -> AsyncIterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Problem(missing, MISSING_WORDS[missing]) from error
        if error.status not in _AWAY:
            raise
        raise Problem(ErrorCode.ENGINE_UNAVAILABLE, ENGINE_IS_AWAY) from error
    except (WorkflowUpdateRPCTimeoutOrCancelledError, WorkflowQueryFailedError, RuntimeError) as error:
        # RuntimeError: the client could not connect at all.
        raise Problem(ErrorCode.ENGINE_UNAVAILABLE, ENGINE_IS_AWAY) from error


MISSING_WORDS: Final = {
    ErrorCode.SESSION_CLOSED: "The session is over; start a new one.",
    ErrorCode.SESSION_NOT_FOUND: "There is no such session; list yours with GET /v1/sessions.",
}


def _refused(error: WorkflowUpdateFailedError) -> Problem:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in set(ErrorCode):
        return Problem(ErrorCode(cause.type), cause.message)
    return Problem(ErrorCode.ENGINE_UNAVAILABLE, ENGINE_IS_AWAY)
