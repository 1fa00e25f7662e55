"""Debian's Chromium, and what it notices of a page that behaves badly.

Owns starting it, a fresh page for each test, and what came to light there. The page keeps its own policy:
nothing here bypasses it; Playwright's `wait_for_function` would break it, `until` does not. Must not download
a browser, must not know what is shown, and lets no page reach beyond this machine.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import pytest

from tests.console.node import FOLDER

if TYPE_CHECKING:  # a machine without the package skips these tests; it does not fail to read them
    from playwright.async_api import Browser, ConsoleMessage, Page, Request

OpenPage = Callable[..., Coroutine[Any, Any, "Page"]]
"""Another page in a context of its own, with Playwright's options of `new_context`."""

ABSENT: Final = "the console is not tested here; Debian: apt-get install chromium"
NAMES: Final = ("chromium", "chromium-browser")
VIEWPORT: Final = {"width": 1280, "height": 800}
SECONDS: Final = 15.0
LOOK_SECONDS: Final = 0.02
ARGUMENTS: Final = (
    "--no-sandbox",  # root of a container has none
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
SCREENSHOTS: Final = FOLDER / "screenshots"
_WATCH_POLICY: Final = """
document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
  window.tellOfViolation(`${effectiveDirective}: ${blockedURI} ${sample}`.trim())
})
"""


@dataclass
class Observed:
    """What came to light in one page since it was opened, in the order in which it happened."""

    console: list["ConsoleMessage"] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """Of the page's Content-Security-Policy: "directive: what was blocked"."""
    requests: list["Request"] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    """The URLs of WebSockets."""
    failed: list[str] = field(default_factory=list)
    """Requests without an answer, "URL reason"; also those that the page itself gave up."""

    @property
    def console_errors(self) -> list[str]:
        """What the console shows in red, and where it comes from."""
        return [f"{said.text} ({said.location['url']})" for said in self.console if said.type == "error"]

    @property
    def urls(self) -> list[str]:
        """All that was asked for."""
        return [*(request.url for request in self.requests), *self.sockets]

    @property
    def foreign(self) -> list[str]:
        """What was asked for outside of the origin of the first request."""
        home = _origin(self.urls[0]) if self.urls else ""
        return [url for url in self.urls if _origin(url) != home]


_observed: Final[WeakKeyDictionary["Page", Observed]] = WeakKeyDictionary()


def observed(page: "Page") -> Observed:
    """What came to light in `page`; grows as long as it is open."""
    return _observed[page]


async def quiet(page: "Page", expected: str = r"(?!)") -> None:
    """Assert that nothing went wrong in `page`, and that it asked nobody but its own origin.

    `expected` is a pattern of the console errors that the test itself causes, as where it kills the API.
    """
    if not page.is_closed():
        # What has been blocked just now is told in a task of its own.
        await page.evaluate("() => new Promise((done) => setTimeout(done, 20))")
    seen = observed(page)
    assert not seen.page_errors
    assert not seen.violations
    assert not [said for said in seen.console_errors if not re.search(expected, said)]
    assert not seen.foreign


async def until(page: "Page", holds: str, seconds: float = SECONDS) -> Any:
    """The value of `holds`, a JavaScript expression or function, once it is truthy. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not (value := await page.evaluate(holds)):
            await asyncio.sleep(LOOK_SECONDS)
        return value


async def shoot(page: "Page", name: str, *, full_page: bool = False) -> Path:
    """A picture of `page` for people to look at: the file `name`.png."""
    folder = Path(os.environ.get("PERDURE_SCREENSHOTS") or SCREENSHOTS)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    file = folder / f"{name}.png"
    await page.screenshot(path=file, full_page=full_page)
    return file


@asynccontextmanager
async def launched() -> AsyncIterator["Browser"]:
    """One browser process; where there is none, skips the test that asks."""
    playwright = pytest.importorskip(
        "playwright.async_api", reason=f"The package playwright is not installed: {ABSENT}"
    )
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip(f"Chromium is not installed: {ABSENT}")
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        await browser.close()


@asynccontextmanager
async def fresh_page(browser: "Browser", **options: Any) -> AsyncIterator["Page"]:
    """A page that shares nothing with others; `options` are Playwright's of `new_context`."""
    context = await browser.new_context(**({"viewport": VIEWPORT, "service_workers": "block"} | options))
    context.set_default_timeout(SECONDS * 1000)
    page = await context.new_page()
    await _observe(page)
    yield page
    await context.close()


async def new_tab(page: "Page") -> "Page":
    """A tab beside `page`: what pages of one origin share, these two share."""
    tab = await page.context.new_page()
    await _observe(tab)
    return tab


async def _observe(page: "Page") -> None:
    seen = _observed[page] = Observed()
    # Playwright marks what it calls, which a method of a list does not bear.
    page.on("console", lambda said: seen.console.append(said))  # noqa: PLW0108
    page.on("pageerror", lambda error: seen.page_errors.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request))  # noqa: PLW0108
    page.on("websocket", lambda socket: seen.sockets.append(socket.url))
    page.on("requestfailed", lambda request: seen.failed.append(f"{request.url} {request.failure}"))
    await page.expose_binding("tellOfViolation", lambda _, violation: seen.violations.append(violation))
    await page.add_init_script(_WATCH_POLICY)


def _origin(url: str) -> str:
    """As far as it counts who is asked: a WebSocket asks the same server as a page."""
    parts = urlsplit(url.removeprefix("blob:"))
    return f"{parts.scheme.replace('ws', 'http', 1)}://{parts.netloc}"
