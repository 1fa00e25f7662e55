"""The engine's own list of sessions, for when the store's cannot be trusted.

Owns what of it is read; lags a moment behind what is true. Raises Problem: `engine_unavailable`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from api.engine import engine_errors, engine_unavailable
from workflows.contract import wire
from workflows.contract.session import EndReason, session_of

_OF_SESSIONS: Final = f"WorkflowType = '{wire.WORKFLOW_TYPE}'"
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
    run_id: str
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

    async def sessions(self, condition: str = "") -> Sequence[KnownSession]:
        """Every session, once each; `condition` narrows it in the engine's list filter language."""
        query = f"{_OF_SESSIONS} AND {condition}" if condition else _OF_SESSIONS
        found: dict[str, KnownSession] = {}
        async with engine_errors(missing=engine_unavailable):
            async for execution in self._client.list_workflows(query):
                # A run that was continued or turned back says nothing of the session: its last run does.
                if execution.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
                    known = await _known(execution)
                    if known.open or known.session_id not in found:
                        found[known.session_id] = known
        return tuple(found.values())


async def _known(execution: WorkflowExecution) -> KnownSession:
    status = execution.status
    return KnownSession(
        session_id=session_of(execution.id),
        run_id=execution.run_id,
        tenant=str(await execution.memo_value(wire.TENANT_MEMO, "")),
        session_key=str(await execution.memo_value(wire.KEY_MEMO, "")),
        open=status is WorkflowExecutionStatus.RUNNING,
        cut_off=None if status is None else _END.get(status),
    )
