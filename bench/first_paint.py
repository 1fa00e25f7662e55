"""How soon a browser that knows nothing yet shows the console, beside one static file of the same weight."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from bench.figures import Row, in_ms, spread
from tests.console.chromium import fresh_page, until
from tests.console.pages import serving_pages
from tests.system import System

if TYPE_CHECKING:  # as in drawing.py
    from playwright.async_api import Browser

LOADS: Final = 10
SESSIONS: Final = 20
"""In the list."""
LISTING_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.1
_NOTE_LIST: Final = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('.sessions li')) return
  observer.disconnect()
  requestAnimationFrame(() => setTimeout(() => { window.listAt = performance.now() }))
}).observe(document, { childList: true, subtree: true })
"""
"""A task behind the frame that shows the list."""
_PAINTED_AT: Final = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_LISTED_AT: Final = "window.listAt"


@dataclass(frozen=True)
class Load:
    """One load of the console, and one of the floor; seconds from the navigation."""

    painted: float
    listed: float
    floor: float


async def measure(system: System, browser: "Browser", page_bytes: int, loads: int = LOADS) -> list[Row]:
    """The floor is a page of `page_bytes`."""
    await open_sessions(system, SESSIONS)
    with serving_pages({"/": static_page(page_bytes)}, policy=None) as floor:
        await loaded(system, browser, floor)  # what every process does for the first time
        seen = [await loaded(system, browser, floor) for _ in range(loads)]
    floors = spread([load.floor for load in seen])
    beside = f"one static file of {page_bytes:,} bytes from a trivial server: {floors}"
    painted = [load.painted for load in seen]
    listed = [load.listed for load in seen]
    return [
        _row(f"console, first contentful paint ÷ the floor, {loads} cold loads", painted, seen, beside),
        _row(f"console, its list of {SESSIONS} sessions is seen ÷ the floor", listed, seen, beside),
    ]


def _row(figure: str, seconds: Sequence[float], seen: Sequence[Load], beside: str) -> Row:
    floor = median(load.floor for load in seen)
    added = median(seconds) - floor
    measured = f"{median(seconds) / floor:.2f} ({in_ms(added)} more: {spread(seconds)})"
    return Row(figure, measured, beside, "told, not set", met=True)


def static_page(page_bytes: int) -> str:
    """Words at the end of a file that is as long as asked for."""
    head, words = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><!--', "--><h1>Perdure</h1>"
    return head + "-" * (page_bytes - len(head) - len(words)) + words


async def loaded(system: System, browser: "Browser", floor: str) -> Load:
    """Both, one behind the other, each in a browser that knows nothing yet."""
    async with fresh_page(browser) as page:
        await page.add_init_script(_NOTE_LIST)
        await page.goto(system.api_url)
        listed = await until(page, _LISTED_AT)
        painted = await until(page, _PAINTED_AT)
    async with fresh_page(browser) as page:
        await page.goto(floor)
        return Load(painted / 1000, listed / 1000, await until(page, _PAINTED_AT) / 1000)


async def open_sessions(system: System, count: int) -> None:
    """And wait until the list, which follows some time behind, has them."""
    async with system.http() as http, asyncio.timeout(LISTING_SECONDS):
        for _ in range(count):
            (await http.post("/v1/sessions", json={})).raise_for_status()
        listing = f"/v1/sessions?status=active,idle,paused&limit={count}"
        while len((await http.get(listing)).json()["items"]) < count:
            await asyncio.sleep(LOOK_SECONDS)
