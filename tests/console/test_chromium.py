"""The harness notices what it is for: each of these pages does what the console must not do."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.routes.console import POLICY
from tests.console.axe import Axe, told
from tests.console.chromium import OpenPage, observed, quiet, shoot, until
from tests.console.pages import serving_pages

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Page

HEAD = '<!doctype html><html lang="en"><link rel="icon" href="/icon.svg"><title>A page</title>'
GOOD = f'{HEAD}<script type="module" src="/good.js"></script><main><h1>A page</h1></main>'
ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>'
LATE_ICON = r"^Failed to load resource: net::ERR_CONNECTION_REFUSED"
"""Chromium asks for it when it likes, be the server still there or not."""
GOOD_SCRIPT = "document.querySelector('h1').textContent = 'Good'; window.ready = true"


async def shown(page: "Page", html: str, script: str = GOOD_SCRIPT, policy: str | None = POLICY) -> bool:
    """Whether a page is quiet, whatever its console says."""
    with serving_pages({"/": html, "/icon.svg": ICON, "/good.js": script}, policy) as origin:
        await page.goto(origin)
        try:
            await quiet(page, expected=".*")
        except AssertionError:
            return False
    return True


async def test_a_good_page_is_quiet(page: "Page") -> None:
    assert await shown(page, GOOD)
    await quiet(page, LATE_ICON)
    assert [url.rpartition("/")[2] for url in observed(page).urls[:2]] == ["", "good.js"]


@pytest.mark.parametrize(
    ("body", "directive"),
    [
        ("<script>window.inline = 1</script>", "script-src-elem: inline"),
        ("<p style='color: red'>red</p>", "style-src-attr: inline"),
        ("<img src='data:image/gif;base64,R0lGOD' alt=''>", "img-src: data"),
    ],
)
async def test_what_the_policy_blocks_is_noticed(page: "Page", body: str, directive: str) -> None:
    assert not await shown(page, GOOD + body)
    assert observed(page).violations == [directive]


async def test_markup_from_text_is_noticed(page: "Page") -> None:
    script = "document.querySelector('h1').innerHTML = '<b>bold</b>'"
    assert not await shown(page, GOOD, script)
    blocked = "require-trusted-types-for: trusted-types-sink Element innerHTML|<b>bold</b>"
    assert blocked in observed(page).violations
    assert await page.locator("b").count() == 0


async def test_a_page_error_is_noticed(page: "Page") -> None:
    assert not await shown(page, GOOD, "setTimeout(() => { throw new Error('oh') })")
    assert observed(page).page_errors == ["oh"]


async def test_an_unhandled_rejection_is_noticed(page: "Page") -> None:
    assert not await shown(page, GOOD, "Promise.reject(new Error('nobody cares'))")
    assert observed(page).page_errors == ["nobody cares"]


async def test_a_console_error_is_noticed_unless_it_is_expected(page: "Page") -> None:
    assert await shown(page, GOOD, "console.error('very wrong'); console.warn('a bit wrong')")
    errors = [said for said in observed(page).console_errors if not re.search(LATE_ICON, said)]
    assert [said.split(" (")[0] for said in errors] == ["very wrong"]
    await quiet(page, f"very wrong|{LATE_ICON}")
    with pytest.raises(AssertionError):
        await quiet(page, expected="a bit wrong")


@pytest.mark.parametrize(
    "script",
    [
        "fetch('http://elsewhere.example/asked').catch(() => {})",
        "new Image().src = 'http://elsewhere.example/asked'",
        "new WebSocket('ws://elsewhere.example/asked')",
    ],
)
async def test_a_foreign_request_is_noticed(page: "Page", script: str) -> None:
    assert not await shown(page, GOOD, script, policy=None)
    assert [url.partition("://")[2] for url in observed(page).foreign] == ["elsewhere.example/asked"]


async def test_the_same_server_is_not_foreign(page: "Page") -> None:
    script = "new WebSocket(`ws://${location.host}/ws`); fetch(URL.createObjectURL(new Blob(['x'])))"
    await shown(page, GOOD, script, policy=None)
    assert len(observed(page).sockets) == 1
    assert observed(page).foreign == []


async def test_a_request_without_an_answer_is_told(page: "Page") -> None:
    await shown(page, GOOD, "fetch('http://127.0.0.1:1/nobody').catch(() => {})", policy=None)
    assert observed(page).failed == ["http://127.0.0.1:1/nobody net::ERR_UNSAFE_PORT"]


async def test_pages_share_nothing(open_page: OpenPage) -> None:
    one, other = await open_page(), await open_page(viewport={"width": 360, "height": 640})
    with serving_pages({"/": GOOD, "/icon.svg": ICON, "/good.js": GOOD_SCRIPT}) as origin:
        await one.goto(origin)
        await one.evaluate("localStorage.setItem('key', 'secret')")
        await other.goto(f"{origin}/?other")
        assert await other.evaluate("localStorage.getItem('key')") is None
    assert await other.evaluate("innerWidth") == 360
    assert f"{origin}/?other" not in observed(one).urls
    assert f"{origin}/" not in observed(other).urls


async def test_waiting_and_pictures_break_no_rule(
    page: "Page", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERDURE_SCREENSHOTS", str(tmp_path / "pictures"))
    script = "setTimeout(() => { window.ready = 'yes' }, 100)"
    with serving_pages({"/": f"{GOOD}<input>", "/icon.svg": ICON, "/good.js": script}) as origin:
        await page.goto(origin)
        assert await until(page, "window.ready") == "yes"
        await page.locator("input").focus()
        file = await shoot(page, "good", full_page=True)
        with pytest.raises(TimeoutError):
            await until(page, "window.never", seconds=0.1)
        await quiet(page)
    assert file == tmp_path / "pictures" / "good.png"
    assert file.read_bytes().startswith(b"\x89PNG")


async def test_axe_finds_what_a_screen_reader_cannot_tell(page: "Page", axe: Axe) -> None:
    image = '<main><h1>A page</h1><img src="/icon.svg"></main>'
    with serving_pages({"/": HEAD + image, "/icon.svg": ICON}) as origin:
        await page.goto(origin)
        found = await axe(page)
        assert told(found) == ['image-alt (critical): <img src="/icon.svg">']
        await quiet(page)


async def test_axe_is_content_with_a_good_page(page: "Page", axe: Axe) -> None:
    with serving_pages({"/": GOOD, "/icon.svg": ICON, "/good.js": GOOD_SCRIPT}) as origin:
        await page.goto(origin)
        assert told(await axe(page)) == []
        await quiet(page)
