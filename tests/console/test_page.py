"""The console's page as the API serves it, in a real browser."""

from typing import TYPE_CHECKING

from tests.console.chromium import observed, quiet
from tests.system import System

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Page


async def test_the_page_opens_and_asks_nobody_else(system: System, page: "Page") -> None:
    response = await page.goto(f"{system.api_url}/")
    assert response is not None
    assert response.status == 200
    assert await page.title() == "Perdure"
    await quiet(page)
    assert not observed(page).failed
