"""A long answer through the whole system, while Chromium draws it: 5,000 deltas at 200 a second.

Beside it, the same Chromium drawing nothing: while nothing happens, and while the same answer streams to a
reader that is as thin as it can be.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from bench.another_worker import another_worker
from bench.drawing import LONG_MS, Drawing, recorded
from bench.figures import Row
from bench.wire import connected
from tests.console.chromium import fresh_page, until
from tests.system import System
from workers.offline.tokens import pieces

if TYPE_CHECKING:  # as in drawing.py
    from playwright.async_api import Browser, Page

DELTAS: Final = 5_000
DELTAS_PER_SECOND: Final = 200
FIRST_TOKEN_SECONDS: Final = 0.5
IDLE_SECONDS: Final = 10.0
SETTLING_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.5
MORE_DROPPED: Final = 0.01
"""Of the frames that were due, beyond what the machine drops under the same load while nothing is drawn."""
_DELTA: Final = re.compile(rb"^event: message\.delta\r?$", re.MULTILINE)
_END: Final = b"event: turn.completed"
_IS_LIVE: Final = "!!document.querySelector('.status')?.textContent"
_IS_WHOLE: Final = "!!document.querySelector('[data-role=assistant][data-status=complete]')"
_PROSE: Final = "It was said that the small boat would come back with the tide, and it did so in the end. "
_CODE: Final = "def total(items: list[int]) -> int:\n    for item in items:\n        yield item * 2  # so\n\n"
_MARKDOWN: Final = (
    f"## What the sea brought\n\n{_PROSE * 3}\n\n- the **first** of the boats\n- a `rope` and *some* nets\n"
    f"  - of which [one](https://example.org/) was torn\n\n1. Wait.\n2. Count the boats.\n\n"
    f"> {_PROSE}\n\n```python\n{_CODE}```\n\n"
)
SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "Markdown": ("", _MARKDOWN),
    "one paragraph": ("", _PROSE),
    "one block of code": ("```python\n", _CODE),
}
"""How a text begins, and what it repeats."""
AS_BUILT: Final = "Markdown"
"""The shape whose tokens come as the product writes them, some in one delta; of the rest, each is one."""
MODULE: Final = "bench.delta_worker"


@dataclass(frozen=True)
class Stream:
    """When the deltas of one answer arrived at the thin reader, on the clock of `perf_counter`."""

    arrivals: Sequence[float]

    @property
    def a_second(self) -> float:
        return (len(self.arrivals) - 1) / (self.arrivals[-1] - self.arrivals[0])

    def __str__(self) -> str:
        return f"{len(self.arrivals):,} deltas at {self.a_second:.0f} a second"


def text_of(shape: str, deltas: int) -> str:
    """A text of that shape which the offline model tells in so many deltas."""
    head, repeated = SHAPES[shape]
    return "".join(pieces(head + repeated * deltas)[:deltas])


async def measure(system: System, browser: "Browser", deltas: int = DELTAS) -> list[Row]:
    idle = await drawn_idle(browser)
    as_built = await _row(system, browser, AS_BUILT, deltas, idle)
    async with another_worker(system, MODULE):
        each = [await _row(system, browser, shape, deltas, idle) for shape in SHAPES]
    return [*each, replace(as_built, figure=f"{as_built.figure}, in batches as built")]


async def _row(system: System, browser: "Browser", shape: str, deltas: int, idle: Drawing) -> Row:
    beside = await drawn_beside(system, browser, shape, deltas)
    stream, drawing = await drawn(system, browser, shape, deltas)
    return Row(
        f"console draws {shape}, {deltas:,} tokens: {stream}",
        f"{drawing.frames_told()}; {drawing.tasks_told()}; {drawing.costs_told()}",
        f"an empty page, the same answer for another reader: {beside.frames_told()},"
        f" {beside.tasks_told()}; nothing happens: {idle.frames_told()}",
        f"tasks p95 < {LONG_MS:.0f} ms, none of so much CPU; ≤ {MORE_DROPPED:.0%} more frames dropped",
        is_smooth(drawing, beside),
    )


def is_smooth(drawing: Drawing, floor: Drawing) -> bool:
    """Whether an answer was drawn as it should be, where the machine itself drops frames and halts tasks."""
    drops_no_more = drawing.dropped_share <= floor.dropped_share + MORE_DROPPED
    return drawing.task_p95_ms < LONG_MS and drawing.most_cpu_ms < LONG_MS and drops_no_more


async def drawn_idle(browser: "Browser", seconds: float = IDLE_SECONDS) -> Drawing:
    """A page without content, while nothing happens."""
    async with fresh_page(browser) as page, recorded(page) as drawing:
        await asyncio.sleep(seconds)
    return drawing


async def drawn_beside(system: System, browser: "Browser", shape: str, deltas: int) -> Drawing:
    """A page without content, while an answer streams to somebody else."""
    session_id = await begun(system, shape, deltas)
    async with fresh_page(browser) as page, recorded(page) as drawing:
        await streamed(system, session_id)
    await _ended(system, session_id)
    return drawing


async def drawn(system: System, browser: "Browser", shape: str, deltas: int) -> tuple[Stream, Drawing]:
    """The console with one session open, from the asking until some time behind its answer."""
    session_id = await begun(system, shape, deltas)
    async with fresh_page(browser) as page:
        await opened(page, system, session_id)
        async with recorded(page) as drawing:
            stream = await streamed(system, session_id)
            await _whole(page)
            await asyncio.sleep(SETTLING_SECONDS)
    await _ended(system, session_id)
    return stream, drawing


async def opened(page: "Page", system: System, session_id: str) -> None:
    """The console shows a session, live."""
    await page.goto(f"{system.api_url}/#/{session_id}")
    await until(page, _IS_LIVE)
    await asyncio.sleep(SETTLING_SECONDS)


async def begun(system: System, shape: str, deltas: int) -> str:
    """A session whose next answer has that shape."""
    await system.script(
        text=text_of(shape, deltas),
        tokens_per_second=DELTAS_PER_SECOND,
        first_token_delay=FIRST_TOKEN_SECONDS,
        times=1,
    )
    async with system.http() as http:
        session_id: str = (await http.post("/v1/sessions", json={})).json()["session_id"]
    return session_id


async def _ended(system: System, session_id: str) -> None:
    async with system.http() as http:
        await http.delete(f"/v1/sessions/{session_id}")
    await system.forget_model_calls()


async def streamed(system: System, session_id: str) -> Stream:
    """Ask, and read until the answer is whole."""
    reading = asyncio.create_task(_arrivals(system.api_url, session_id))
    await asyncio.sleep(SETTLING_SECONDS)
    async with system.http() as http:
        asked = await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go on"})
        asked.raise_for_status()
    return Stream(await reading)


async def _arrivals(url: str, session_id: str) -> list[float]:
    arrivals: list[float] = []
    rest = b""
    path = f"/v1/sessions/{session_id}/events?after=now"
    async with connected(url) as connection, aclosing(connection.chunks(path)) as chunks:
        async for chunk in chunks:
            whole, _, rest = (rest + chunk).rpartition(b"\n\n")
            arrivals += [perf_counter()] * len(_DELTA.findall(whole))
            if _END in whole:
                break
    return arrivals


async def _whole(page: Any) -> None:
    """The page shows that the answer is; asked seldom, to be of no weight."""
    while not await page.evaluate(_IS_WHOLE):
        await asyncio.sleep(LOOK_SECONDS)
