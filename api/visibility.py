"""The engine's own list of sessions, for when the store's cannot be trusted.

Owns what of it is read; lags a moment behind what is true. Raises Problem: `engine_unavailable`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from api.engine import engine_errors
from workflows.contract import wire
from workflows.contract.errors import ErrorCode
from workflows.contract.session import EndReason, session_of

_OF_SESSIONS: Final = f"WorkflowType = '{wire.WORKFLOW_TYPE}'"
_GOES_ON: Final = {WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW}
_END: Final = {
    WorkflowExecutionStatus.CANCELED: EndReason.CANCELLED,
    WorkflowExecutionStatus.FAILED: EndReason.ERROR,
    WorkflowExecutionStatus.TIMED_OUT: EndReason.ERROR,
    WorkflowExecutionStatus.TERMINATED: EndReason.TERMINATED,
}


@dataclass(frozen=True)
class KnownSession:
    """A session as the engine lists it."""

    session_id: str
    tenant: str
    session_key: str
    open: bool
    cut_off: EndReason | None
    """Why its workflow ended without a word, if it did."""

    @property
    def number(self) -> int:
        """Of its key."""
        digits = self.session_key.rpartition("-")[2]
        return int(digits) if digits.isdecimal() else 0


class Visibility:
    """Lists sessions of all tenants."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def sessions(self, condition: str = "") -> AsyncIterator[KnownSession]:
        """Every session, once each; `condition` narrows it in the engine's list filter language."""
        query = f"{_OF_SESSIONS} AND {condition}" if condition else _OF_SESSIONS
        async with engine_errors(missing=ErrorCode.ENGINE_UNAVAILABLE):
            async for execution in self._client.list_workflows(query):
                # A run that was continued or reset says nothing of the session: its last run does.
                if execution.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
                    yield await _known(execution)


async def _known(execution: WorkflowExecution) -> KnownSession:
    status = execution.status
    return KnownSession(
        session_id=session_of(execution.id),
        tenant=str(await execution.memo_value(wire.TENANT_MEMO, "")),
        session_key=str(await execution.memo_value(wire.KEY_MEMO, "")),
        open=status in _GOES_ON,
        cut_off=None if status is None else _END.get(status),
    )
