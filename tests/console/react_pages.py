"""Pages that show a session with React.

Owns bundling the app with one version of React, and serving it from the API's own origin. Must not know what
is tested.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from tests.console.chromium import NAMES, observed, until
from tests.console.node import FOLDER, LIBRARY, node
from tests.console.npm import install

if TYPE_CHECKING:  # a machine without the package skips these tests; it does not fail to read them
    from playwright.async_api import Page, Request

OpenTab = Callable[[], Coroutine[Any, Any, "Tab"]]
"""Another tab."""

ESBUILD: Final = "esbuild@0.28.2"
BUNDLE_SECONDS: Final = 60
HTML: Final = '<!doctype html><title>React</title><link rel="icon" href="data:,"><div id="root"></div>'
ABSENT: Final = "the React binding is not tested here"


def needed() -> None:
    """Where something is missing, skips the module that asks."""
    node()
    there = {
        "npm": shutil.which("npm"),
        "Chromium": next(filter(None, map(shutil.which, NAMES)), None),
        "The package playwright": find_spec("playwright"),
    }
    for name, found in there.items():
        if found is None:
            pytest.skip(f"{name} is not installed: {ABSENT}.", allow_module_level=True)


def bundled(folder: Path, react: str) -> str:
    """The app with this version of React, as one script for browsers."""
    install(folder, f"react@{react}", f"react-dom@{react}", ESBUILD, otherwise=ABSENT)
    for file in (FOLDER / "react_app.js", LIBRARY / "use-session.js", LIBRARY / "perdure-client.js"):
        shutil.copy(file, folder)
    argv = ["react_app.js", "--bundle", "--outfile=bundle.js", '--define:process.env.NODE_ENV="development"']
    esbuild = str(folder / "node_modules" / ".bin" / "esbuild")
    subprocess.run([esbuild, *argv, "--log-level=error"], check=True, cwd=folder, timeout=BUNDLE_SECONDS)
    return (folder / "bundle.js").read_text("utf-8")


@dataclass
class Tab:
    """One page of the app, and its streams that are open."""

    page: "Page"
    url: str
    streams: set["Request"] = field(default_factory=set)

    def watch(self) -> None:
        self.page.on("request", self._asked)
        self.page.on("requestfinished", self._over)
        self.page.on("requestfailed", self._over)

    def _asked(self, request: "Request") -> None:
        if request.url.endswith("/events"):
            self.streams.add(request)

    def _over(self, request: "Request") -> None:
        self.streams.discard(request)

    @property
    def starts(self) -> int:
        """How often it asked to start a session."""
        asked = [request for request in observed(self.page).requests if request.method == "POST"]
        return sum(request.url.endswith("/v1/sessions") for request in asked)

    async def show(self, **options: Any) -> None:
        """Load the app with these properties of `SessionProvider`; `isStrict` is React's StrictMode."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self.url}#{quote(json.dumps(options))}")

    async def do(self, expression: str) -> Any:
        """The value of `expression` on `app` and its `view`."""
        return await self.page.evaluate(_on_app(expression))

    async def until(self, holds: str) -> Any:
        """The value of `holds`, as in `do`, once it is truthy. Raises TimeoutError with what is shown."""
        try:
            return await until(self.page, _on_app(f"view && ({holds})"))
        except TimeoutError:
            raise TimeoutError(f"never: {holds}; {(await self.frames())[-1:]}") from None

    async def frames(self) -> Sequence[dict[str, Any]]:
        """What the page showed after each commit, since it was loaded."""
        frames: list[dict[str, Any]] = await self.page.evaluate("app.frames")
        return frames

    async def texts(self) -> list[str]:
        """What the page shows."""
        return await self.page.locator("li").all_text_contents()


def _on_app(expression: str) -> str:
    return f"(async () => {{ const {{ view }} = app; return {expression} }})()"


async def open_app(page: "Page", origin: str, bundle: str) -> Tab:
    """A tab in which `bundle` is a page of `origin`, whose other answers are its own."""
    script = bundle.replace("</script", "<\\/script")
    html = f"{HTML}<script>{script}</script>"
    tab = Tab(page, f"{origin}/react.html")
    tab.watch()
    await page.route(tab.url, lambda route: route.fulfill(body=html, content_type="text/html"))
    return tab
