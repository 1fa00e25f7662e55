"""Owns the carrying out of a plan: one delta after the other, each at its time.

Must not know who reads them.
"""

import asyncio
from time import perf_counter

from workers.offline.output import CallOutput, MessageOutput, OutputItem
from workers.offline.planning import Pace, Plan, PlannedItem
from workers.offline.responses import StoredResponse

_BURST = 64
"""Deltas without a pause, after which other tasks get their turn."""


class Metronome:
    """Lets a delta through when its time has come; who is late catches up."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._interval = 1 / pace.tokens_per_second if pace.tokens_per_second else 0.0
        self._count = 0
        self._started = 0.0

    async def start(self) -> None:
        """Wait for the time of the first delta."""
        await asyncio.sleep(self._pace.first_token_delay)
        self._started = asyncio.get_running_loop().time()

    async def beat(self) -> None:
        """Wait for the time of the next delta."""
        await self.stall()
        early = self._started + self._count * self._interval - asyncio.get_running_loop().time()
        if self._interval and early > 0:
            await asyncio.sleep(early)
        elif self._count % _BURST == _BURST - 1:
            await asyncio.sleep(0)
        self._count += 1

    async def stall(self) -> None:
        """Fall silent if this is the place where the pace says so."""
        if self._count == self._pace.stall_after:
            await asyncio.sleep(self._pace.stall_seconds)
            self._started += self._pace.stall_seconds


async def generate(response: StoredResponse, plan: Plan) -> None:
    """Bring a response to its end, or wait in the middle for its connection to break."""
    response.start()
    metronome = Metronome(plan.pace)
    await metronome.start()
    for item in plan.items[:-1]:
        response.close(await _write(response, item, metronome, stamped=plan.stamped), "completed")
    last = await _write(response, plan.items[-1], metronome, stamped=plan.stamped)
    await metronome.stall()
    if not plan.leaves_last_item_open:
        cut_short = plan.ending is not None and plan.ending.status == "incomplete"
        response.close(last, "incomplete" if cut_short else "completed")
    await _end(response, plan)


async def _write(
    response: StoredResponse, item: PlannedItem, metronome: Metronome, *, stamped: bool
) -> OutputItem:
    index = len(response.output)
    output = MessageOutput(index) if item.function is None else CallOutput(index, item.function)
    response.open(output)
    for delta in item.deltas:
        await metronome.beat()
        response.add(output, f"{perf_counter():.6f} " if stamped else delta)
    return output


async def _end(response: StoredResponse, plan: Plan) -> None:
    if plan.ending is None:
        await asyncio.get_running_loop().create_future()
    else:
        response.end(plan.ending)
