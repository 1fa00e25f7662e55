"""Tasks that run side by side for one answer.

Owns how they end; must not know what they do.
"""

import asyncio
from typing import Any


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them all, and wait until they are over; how each of them ends is nobody's business."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
