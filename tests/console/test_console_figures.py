"""The console's figures: what they are made of is reckoned right, and small ones hold on a busy machine."""

import asyncio
import re
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING, Any

import pytest

from api.console_files import INDEX, load_console
from bench import console, first_paint, long_answer, page_weight
from bench.drawing import FRAME_MS, LONG_MS, Drawing, Task, recorded, shares_between, tasks_in
from bench.long_answer import SHAPES, Stream, drawn, is_smooth, text_of
from bench.page_profile import own_milliseconds
from bench.page_weight import MOST_BYTES, by_file, rows_of, weighed
from tests.console.chromium import OpenPage
from tests.console.pages import serving_pages
from tests.system import System
from workers.offline.tokens import count_tokens

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Browser, Page

DELTAS = 200
SENT = load_console()
BUSY_MS = 150
WORK = f"""() => void setTimeout(() => {{
  const end = performance.now() + {BUSY_MS}
  while (performance.now() < end);
}})"""


# ---- what is reckoned


def every(*steps: float) -> Drawing:
    """A recording whose frames came after so many frames' time each."""
    at = [1000.0]
    for step in steps:
        at.append(at[-1] + step * FRAME_MS)
    return Drawing(frames=at, tasks=[Task(1.0, 1.0)])


@pytest.mark.parametrize(
    ("steps", "dropped", "due"),
    [((1, 1, 1), 0, 3), ((1, 2, 1), 1, 4), ((0.9, 1.1, 1.2), 0, 3), ((4, 0.2, 1), 3, 5), ((10,), 9, 10)],
)
def test_dropped_frames_are_those_that_were_due(steps: tuple[float, ...], dropped: int, due: int) -> None:
    drawing = every(*steps)
    assert (drawing.dropped, drawing.due) == (dropped, due)
    assert drawing.dropped_share == dropped / due


def event(name: str, at: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "ts": at, "pid": 7, "ph": "X", **more}


def test_tasks_are_those_of_the_page_between_its_marks() -> None:
    trace = [
        event("RunTask", 10, dur=9_000, tdur=1),
        event("RunTask", 30, dur=2_000, tdur=1_500),
        event("record begins", 20, ph="I"),
        event("RunTask", 40, dur=70_000, tdur=3_000),
        event("RunTask", 41, dur=90_000, tdur=9, pid=8),
        event("RunTask", 42, ph="B"),
        event("Layout", 43, dur=80_000, tdur=9),
        event("record ends", 50, ph="I"),
        event("RunTask", 50, dur=95_000, tdur=9),
    ]
    assert tasks_in(trace) == [Task(2.0, 1.5), Task(70.0, 3.0)]


def test_the_longest_task_need_not_have_worked_most() -> None:
    drawing = Drawing(tasks=[Task(1, 1)] * 98 + [Task(70, 2), Task(9, 8)])
    assert (drawing.task_p95_ms, drawing.longest_ms, drawing.most_cpu_ms) == (1, 70, 8)


def test_shares_are_of_the_time_between() -> None:
    before = {
        "Timestamp": 5.0,
        "ProcessTime": 1.0,
        "ScriptDuration": 0.1,
        "RecalcStyleDuration": 0.0,
        "LayoutDuration": 1.0,
    }
    after = {name: value + 1 for name, value in before.items()} | {"Timestamp": 9.0}
    found = shares_between(before, after)
    assert found == pytest.approx({"process": 0.25, "script": 0.25, "style": 0.25, "layout": 0.25})


@pytest.mark.parametrize(
    ("drawing", "is_well"),
    [
        (every(*[1] * 99, 2), True),
        (every(*[1] * 90, 4), False),
        (Drawing(frames=every(1, 1).frames, tasks=[Task(60, 1)] * 6 + [Task(1, 1)] * 94), False),
        (Drawing(frames=every(1, 1).frames, tasks=[Task(60, 1)] * 5 + [Task(1, 1)] * 96), True),
        (Drawing(frames=every(1, 1).frames, tasks=[Task(60, 51), *[Task(1, 1)] * 99]), False),
    ],
)
def test_an_answer_is_smooth_if_the_page_itself_halts_nothing(drawing: Drawing, is_well: bool) -> None:
    assert is_smooth(drawing, every(*[1] * 99)) is is_well


def test_frames_that_the_machine_drops_are_not_the_pages() -> None:
    assert not is_smooth(every(*[1] * 90, 4), every(*[1] * 90))
    assert is_smooth(every(*[1] * 90, 4), every(*[1] * 90, 4))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_is_told_in_as_many_deltas_as_asked_for(shape: str) -> None:
    assert count_tokens(text_of(shape, 5_000)) == 5_000


def test_the_shapes_are_what_they_are_called() -> None:
    assert "\n" not in text_of("one paragraph", 5_000)
    assert text_of("one block of code", 5_000).count("```") == 1
    assert text_of("Markdown", 5_000).count("\n## ") > 10


def test_deltas_a_second_are_counted_between_the_first_and_the_last() -> None:
    assert str(Stream([10.0, 10.5, 11.0, 11.5, 12.0])) == "5 deltas at 2 a second"


def test_time_is_spent_where_it_is_taken() -> None:
    drawing, reading = (
        {"functionName": name, "url": f"http://127.0.0.1/console/{name}.js", "lineNumber": 4}
        for name in ("draw", "read")
    )
    nodes = [
        {"id": 1, "callFrame": drawing},
        {"id": 2, "callFrame": reading},
        {"id": 3, "callFrame": drawing},
    ]
    profile = {"nodes": nodes, "samples": [1, 2, 3], "timeDeltas": [5_000, 1_000, 2_000]}
    assert own_milliseconds(profile) == {"draw draw.js:5": 7, "read read.js:5": 1}


def test_files_are_told_from_the_heaviest_on() -> None:
    assert by_file({"b.js": 20, "a.js": 1_000}) == "a.js 1,000, b.js 20"
    assert by_file({}) == "none"


def test_a_page_that_is_foreign_or_incomplete_is_not_light() -> None:
    light = {"perdure-client.js": MOST_BYTES}
    weights = {
        True: [page_weight.Weight(light)],
        False: [
            page_weight.Weight(light | {"more.js": 1}),
            page_weight.Weight(light, missing=["more.js"]),
            page_weight.Weight(light, foreign=["http://elsewhere.example/"]),
        ],
    }
    for met, found in weights.items():
        assert [rows_of(weight, weight)[0].met for weight in found] == [met] * len(found)
    more = rows_of(page_weight.Weight(light), page_weight.Weight(light | {"player.js": 7}))[1]
    assert more.measured.startswith("7 bytes: player.js 7; 0 elsewhere")


@pytest.mark.parametrize("page_bytes", [1_000, 90_000])
def test_the_floor_is_as_heavy_as_the_console(page_bytes: int) -> None:
    assert len(first_paint.static_page(page_bytes).encode()) == page_bytes


async def test_without_chromium_the_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.console.chromium.NAMES", ())
    try:
        rows = await console.measure()
    except pytest.skip.Exception:
        pytest.fail("the bench would end here")
    assert len(rows) == len(console.FIGURES)
    assert all(re.fullmatch(r"not measured: .* is not installed", row.measured) for row in rows)
    assert not any(row.met for row in rows)


# ---- what is seen


def files_of_a_chat() -> dict[str, int]:
    """As they are sent: what the page names, and what that imports at once."""
    index = SENT[INDEX].content
    waiting = [PurePosixPath(name) for name in re.findall(r'(?:src|href)="/console/([^"]+)"', index.decode())]
    found = {"index.html": len(index)}
    while waiting:
        file = waiting.pop()
        content = SENT[str(file)].content
        found[file.name] = len(content)
        imported = re.findall(r"^(?:import|export|\}).* from '(\.[^']+)'", content.decode(), re.MULTILINE)
        names = (PurePosixPath(normpath(file.parent / name)) for name in imported)
        waiting += [name for name in names if name.name not in found]
    return found


def test_the_files_of_a_chat_are_light() -> None:
    files = files_of_a_chat()
    assert {"index.html", "app.js", "perdure-client.js", "console.css", "conversation.js"} <= set(files)
    assert sum(files.values()) <= MOST_BYTES, by_file(files)


async def test_a_chat_loads_these_files_and_nothing_from_elsewhere(
    system: System, chromium: "Browser"
) -> None:
    weight = await weighed(system, chromium, page_weight.CHAT)
    assert weight.files == files_of_a_chat()
    assert weight.bytes <= MOST_BYTES
    assert not weight.foreign
    assert not weight.missing


async def test_frames_are_really_drawn(page: "Page") -> None:
    async with recorded(page) as drawing:
        await asyncio.sleep(1)
    assert len(drawing.frames) > 20
    assert sorted(drawing.intervals_ms)[5] == pytest.approx(FRAME_MS, abs=0.5)
    assert drawing.tasks


async def test_a_page_that_halts_is_noticed(open_page: OpenPage) -> None:
    page = await open_page()
    with serving_pages({"/": "<title>A page</title>"}) as origin:
        await page.goto(origin)
        async with recorded(page) as drawing:
            await asyncio.sleep(0.3)
            await page.evaluate(WORK)
            await asyncio.sleep(0.5)
    assert max(drawing.long_ms) >= BUSY_MS
    assert drawing.longest_ms >= BUSY_MS
    assert drawing.most_cpu_ms > 10
    assert drawing.dropped >= 0.6 * BUSY_MS / FRAME_MS
    assert drawing.shares["script"] > 0.05
    assert not is_smooth(drawing, every(1, 1))


async def test_an_answer_is_recorded_while_it_is_drawn(system: System, chromium: "Browser") -> None:
    stream, drawing = await drawn(system, chromium, "Markdown", DELTAS)
    assert 20 <= len(stream.arrivals) <= DELTAS
    assert 20 <= stream.a_second <= long_answer.DELTAS_PER_SECOND * 1.2
    assert drawing.due >= DELTAS / long_answer.DELTAS_PER_SECOND * 60
    assert drawing.dropped_share < 0.5
    assert drawing.task_p95_ms < LONG_MS
    assert 0 < drawing.shares["script"] < drawing.shares["process"]


async def test_the_first_paint_is_before_the_list(system: System, chromium: "Browser") -> None:
    with serving_pages({"/": first_paint.static_page(90_000)}, policy=None) as floor:
        await first_paint.open_sessions(system, 2)
        load = await first_paint.loaded(system, chromium, floor)
    assert 0 < load.painted <= load.listed < 10
    assert 0 < load.floor < 10
