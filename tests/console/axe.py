"""axe-core, which finds what people with a screen reader, a keyboard or weak eyes would stumble over.

Owns getting it from npm, and running it in a page. Must not weaken the page's policy: the debugger's own
evaluation is not subject to it, a script tag would be.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.console.npm import install

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Page

AXE: Final = "axe-core@4.14.1"

Violation = dict[str, Any]
"""As axe describes it: `id`, `impact`, `help`, `nodes` …"""
Axe = Callable[["Page"], Awaitable[list[Violation]]]


def axe_source(folder: Path) -> str:
    """Installs axe-core into `folder`; where that cannot be, skips the test that asks."""
    install(folder, AXE, otherwise="the console's accessibility is not tested here")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


async def violations(page: "Page", source: str) -> list[Violation]:
    """What axe finds in `page` as it is now; nothing is what it should find."""
    await page.evaluate(f"{source}\n;0")
    found: list[Violation] = await page.evaluate("async () => (await axe.run()).violations")
    return found


def told(found: list[Violation]) -> list[str]:
    """What axe found, a line an element, for people."""
    return [f"{one['id']} ({one['impact']}): {node['html']}" for one in found for node in one["nodes"]]
