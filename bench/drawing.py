"""What drawing costs a page: its frames and its tasks, as Chromium itself tells them.

Owns the recording and its arithmetic; must not know what is drawn. A page that is recorded asks for every
frame, also where it has nothing new to draw.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from bench.figures import percentile

if TYPE_CHECKING:  # a machine without the package measures everything else
    from playwright.async_api import Page

FRAME_MS: Final = 1000 / 60
LONG_MS: Final = 50.0
"""From here on, a task is a long one: the W3C's word."""
TIMES: Final = {"ScriptDuration": "script", "RecalcStyleDuration": "style", "LayoutDuration": "layout"}
"""Of the main thread, by Chromium's name and ours."""
_TRACED: Final = ["-*", "disabled-by-default-devtools.timeline", "blink.user_timing"]
_BEGIN: Final = "record begins"
_END: Final = "record ends"
_RECORD: Final = """([begin, end]) => {
  const drawn = { isOver: false, frames: [], long: [] }
  const frame = (at) => drawn.isOver || [drawn.frames.push(at), requestAnimationFrame(frame)]
  const told = (entries) => drawn.long.push(...entries.getEntries().map(({ duration }) => duration))
  const observer = new PerformanceObserver(told)
  observer.observe({ type: 'longtask' })
  performance.mark(begin)
  requestAnimationFrame(frame)
  window.endRecord = () => {
    drawn.isOver = true
    performance.mark(end)
    told({ getEntries: () => observer.takeRecords() })
    return drawn
  }
}"""


@dataclass(frozen=True)
class Task:
    """One task of the page's main thread: how long it took, and how long of that a processor worked at it."""

    ms: float
    cpu_ms: float


@dataclass
class Drawing:
    """One recording."""

    frames: Sequence[float] = ()
    """When each began, in milliseconds."""
    long_ms: Sequence[float] = ()
    """The durations of long tasks, as the page itself is told."""
    tasks: Sequence[Task] = ()
    shares: dict[str, float] = field(default_factory=dict)
    """Of one core: the whole `process`, and what its main thread did, by TIMES."""
    heap_bytes: float = 0
    """By which the page's memory grew, without what is garbage."""

    @property
    def intervals_ms(self) -> list[float]:
        """Between frames."""
        return [later - sooner for sooner, later in pairwise(self.frames)]

    @property
    def due(self) -> int:
        """Frames that there should have been."""
        return round((self.frames[-1] - self.frames[0]) / FRAME_MS)

    @property
    def dropped(self) -> int:
        """Of these, the ones that there were not."""
        return sum(round(interval / FRAME_MS) - 1 for interval in self.intervals_ms if interval > FRAME_MS)

    @property
    def dropped_share(self) -> float:
        return self.dropped / self.due

    @property
    def task_p95_ms(self) -> float:
        return percentile([task.ms for task in self.tasks], 0.95)

    @property
    def longest_ms(self) -> float:
        return max(task.ms for task in self.tasks)

    @property
    def most_cpu_ms(self) -> float:
        """Of one task: what it would take on a machine that does nothing else."""
        return max(task.cpu_ms for task in self.tasks)

    def frames_told(self) -> str:
        """For a row: how frames came."""
        intervals = self.intervals_ms
        p50, p95, p99 = (percentile(intervals, share) for share in (0.5, 0.95, 0.99))
        dropped = f"{self.dropped} of {self.due:,} dropped"
        return f"frames p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms; {dropped}"

    def tasks_told(self) -> str:
        """For a row: how long tasks were."""
        longest = f"longest {self.longest_ms:.0f} ms, at most {self.most_cpu_ms:.0f} ms of CPU"
        return f"{len(self.long_ms)} long tasks; tasks p95 {self.task_p95_ms:.1f} ms, {longest}"

    def costs_told(self) -> str:
        """For a row: what it took of a core and of memory."""
        parts = ", ".join(f"{name} {100 * self.shares[name]:.0f} %" for name in TIMES.values())
        whole = f"renderer {100 * self.shares['process']:.0f} % of a core ({parts})"
        return f"{whole}; heap {self.heap_bytes / 1e6:+.1f} MB"


def tasks_in(trace: Sequence[Mapping[str, Any]]) -> list[Task]:
    """The tasks of the page that was recorded, between the marks that it left in the trace."""
    marks = {event["name"]: event for event in trace if event["name"] in {_BEGIN, _END}}
    begin, end = marks[_BEGIN], marks[_END]
    return [
        Task(event["dur"] / 1000, event.get("tdur", 0) / 1000)
        for event in trace
        if event["name"] == "RunTask" and event["ph"] == "X" and event["pid"] == begin["pid"]
        if begin["ts"] <= event["ts"] < end["ts"]
    ]


@asynccontextmanager
async def recorded(page: "Page") -> AsyncIterator[Drawing]:
    """What `page` draws until the block ends; the figures are there behind it."""
    browser = page.context.browser
    assert browser is not None
    debugger = await page.context.new_cdp_session(page)
    await debugger.send("Performance.enable")
    drawing = Drawing()
    before = await _metrics(debugger)
    await browser.start_tracing(page=page, categories=_TRACED)
    await page.evaluate(_RECORD, [_BEGIN, _END])
    yield drawing
    drawn = await page.evaluate("() => endRecord()")
    trace = json.loads(await browser.stop_tracing())["traceEvents"]
    after = await _metrics(debugger)
    drawing.frames, drawing.long_ms, drawing.tasks = drawn["frames"], drawn["long"], tasks_in(trace)
    drawing.shares = shares_between(before, after)
    drawing.heap_bytes = after["JSHeapUsedSize"] - before["JSHeapUsedSize"]


def shares_between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Of one core, between two readings of Chromium's metrics."""
    seconds = after["Timestamp"] - before["Timestamp"]
    names = {"ProcessTime": "process", **TIMES}
    return {ours: (after[theirs] - before[theirs]) / seconds for theirs, ours in names.items()}


async def _metrics(debugger: Any) -> dict[str, float]:
    await debugger.send("HeapProfiler.collectGarbage")
    found = await debugger.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in found["metrics"]}
