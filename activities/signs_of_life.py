"""What a running step says of itself: to the engine that it lives, to its workflow that it lasts.

Owns both clocks; must not know what the step does.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio import activity

from activities.own_workflow import signal_own_workflow
from workflows.contract.commands import STEP_LASTS

HEARTBEAT_SECONDS: Final = 0.5
"""Each is a write in the engine: a step that is shorter needs none."""


@asynccontextmanager
async def signs_of_life(tell_after: timedelta | None) -> AsyncIterator[None]:
    """Give them while the body runs; the workflow is told once, if it wants to know."""
    beating = asyncio.create_task(_beat())
    telling = asyncio.create_task(_tell(tell_after)) if tell_after is not None else None
    try:
        yield
    finally:
        beating.cancel()
        if telling is not None:
            telling.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        activity.heartbeat()


async def _tell(after: timedelta) -> None:
    await asyncio.sleep(after.total_seconds())
    await signal_own_workflow(STEP_LASTS, {})
