"""The way from an activity back to the workflow that wants it done.

Owns the signal; must not know what it says.
"""

from contextlib import suppress
from typing import Any

from temporalio import activity
from temporalio.service import RPCError


async def signal_own_workflow(name: str, payload: dict[str, Any]) -> None:
    """Signal the workflow of the running activity; an engine that is away hears nothing."""
    workflow_id = activity.info().workflow_id
    if workflow_id is not None:
        with suppress(RPCError):
            await activity.client().get_workflow_handle(workflow_id).signal(name, payload)
