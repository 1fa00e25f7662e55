"""What a running step says of its sentences: to its workflow, which has them spoken.

Owns when that is said; must not know how a sentence comes about.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from activities.own_workflow import signal_own_workflow
from activities.told_answer import ToldAnswer
from workflows.contract.commands import SENTENCES_TOLD


@asynccontextmanager
async def signs_of_progress(answer: ToldAnswer) -> AsyncIterator[None]:
    """Give them while the body tells `answer`, if its sentences are to be spoken."""
    telling = asyncio.create_task(_tell(answer)) if answer.told.spoken else None
    try:
        yield
    finally:
        if telling is not None:
            telling.cancel()


async def _tell(answer: ToldAnswer) -> None:
    """One signal at a time: what is told meanwhile goes into the next."""
    told = 0
    while True:
        told = await answer.more_told(told)
        await signal_own_workflow(SENTENCES_TOLD, {"told": told})
