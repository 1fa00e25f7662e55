"""Where a step goes on that finds its log lost.

The answer is still coming in: it is not thrown away, and not paid for again. Owns telling the workflow, which
alone begins a new epoch, and waiting for that. Must not know what the step then says.
"""

import asyncio
from time import monotonic
from typing import Final

from activities.lines import WritingEndedError
from activities.own_workflow import signal_own_workflow
from activities.store.client import StoreUnavailableError
from activities.store.event_log import EventLog, Outcome, Writer
from workflows.contract.commands import STORE_LOST

PATIENCE_SECONDS: Final = 60.0
"""Longer than an engine takes to come back that was lost together with the store."""
TELL_AGAIN_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.02


class LostLog:
    """Finds the next epoch for the writers of one session."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def next_epoch(self, writer: Writer) -> tuple[Writer, int]:
        """The writer in the next epoch, and its next index there. Raises WritingEndedError: LOST, FENCED."""
        telling = asyncio.create_task(_keep_telling(writer.epoch))
        until = monotonic() + PATIENCE_SECONDS
        try:
            while monotonic() < until:
                joined = await self._join(writer)
                if isinstance(joined, tuple):
                    return joined
                if joined is Outcome.FENCED:
                    raise WritingEndedError(Outcome.FENCED)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            telling.cancel()
        raise WritingEndedError(Outcome.LOST)

    async def _join(self, writer: Writer) -> tuple[Writer, int] | Outcome:
        try:
            return await self._log.join(writer)
        except StoreUnavailableError:
            return Outcome.LOST


async def _keep_telling(epoch: int) -> None:
    while True:
        await signal_own_workflow(STORE_LOST, {"epoch": epoch})
        await asyncio.sleep(TELL_AGAIN_SECONDS)
