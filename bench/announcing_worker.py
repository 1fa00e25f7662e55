"""A worker that tells of sentences in another way: `python -m bench.announcing_worker each worker`.

Owns the ways that are measured beside the product's, taken in this process only and from outside: the product
has no switch for them.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from activities import signs_of_progress
from activities.own_workflow import signal_own_workflow
from activities.told_answer import ToldAnswer
from workers.cli import main as perdure
from workflows.contract.commands import SENTENCES_TOLD

BATCH_SECONDS: Final = 0.5
Way = Callable[[ToldAnswer], Awaitable[None]]


async def _each(answer: ToldAnswer) -> None:
    """A signal for each sentence, one after the other."""
    told = 0
    while True:
        before, told = told, await answer.more_told(told)
        for count in range(max(before, told - answer.sentences) + 1, told + 1):
            await signal_own_workflow(SENTENCES_TOLD, {"told": count})


async def _batches(answer: ToldAnswer) -> None:
    """What is told within `BATCH_SECONDS` is told together."""
    told = 0
    while True:
        await answer.more_told(told)
        await asyncio.sleep(BATCH_SECONDS)
        told = await answer.more_told(told)
        await signal_own_workflow(SENTENCES_TOLD, {"told": told})


WAYS: Final[dict[str, Way]] = {"each": _each, "batches": _batches}

if __name__ == "__main__":
    assert "_tell" in signs_of_progress.__dict__, "the product's way is not where it was"
    signs_of_progress.__dict__["_tell"] = WAYS[sys.argv.pop(1)]
    sys.argv[0] = "perdure"
    perdure()
