"""Everybody can use it: light and dark, at 360 px, with a screen reader, by keyboard only."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.console.axe import Axe, told
from tests.console.chromium import OpenPage, quiet, shoot
from tests.console.guarded import guarded_api
from tests.console.person import Person, begun, expect
from tests.system import System

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Page

MARKDOWN = (
    "A **list**:\n\n- one\n- two with `code`\n\n> quoted\n\n[a link](https://example.org)\n\n```\ncode\n```\n"
)
UNREACHABLE = r"ERR_|Failed to load resource"
NARROW = "document.scrollingElement.scrollWidth <= innerWidth"
FOCUSED = """() => {
  const { activeElement: one } = document
  const name = one.ariaLabel ?? one.textContent.trim()
  const { left, top, width, height } = one.getBoundingClientRect()
  const isInSight = width > 0 && height > 0 && left >= 0 && top >= 0 && left < innerWidth && top < innerHeight
  const style = getComputedStyle(one)
  return { name, isInSight, isMarked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 }
}"""
CUT_OFF = """() => [...document.querySelectorAll('button, a, input, select, textarea, dd, strong')]
  .filter((one) => one.checkVisibility() && !one.matches('.skip'))
  .filter((one) => {
    const { left, right } = one.getBoundingClientRect()
    const isTooSmall = one.matches('button, dd, strong') && one.scrollWidth > one.clientWidth + 1
    return left < 0 || right > innerWidth || (isTooSmall && getComputedStyle(one).display !== 'inline')
  })
  .map(({ outerHTML }) => outerHTML)"""
LOOKS: list[dict[str, Any]] = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "viewport": {"width": 360, "height": 640}},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 640}},
]


def named(look: dict[str, Any]) -> str:
    return f"{look['color_scheme']}{'-360' if 'viewport' in look else ''}"


async def good(page: "Page", axe: Axe, look: dict[str, Any], state: str) -> None:
    """Nobody stumbles over it, it is not wider than the window, and nothing is cut off."""
    await shoot(page, f"{state}-{named(look)}")
    assert told(await axe(page)) == [], state
    assert await page.evaluate(NARROW), state
    assert await page.evaluate(CUT_OFF) == [], state


@pytest.mark.parametrize("look", LOOKS, ids=named)
async def test_every_state_is_good_to_look_at(
    system: System, open_page: OpenPage, axe: Axe, look: dict[str, Any]
) -> None:
    person = await Person.before(await open_page(**look), system.api_url)
    page = person.page
    await person.visit()
    await expect(person.button("plain")).to_be_visible()
    await begun(system, title=f"Beside it in {named(look)}.")
    await expect(person.entry(f"Beside it in {named(look)}.")).to_be_visible()
    await good(page, axe, look, "welcome")
    await system.script(text=MARKDOWN)
    await system.script(tokens=500, tokens_per_second=60, contains="go")
    await person.visit(await begun(system, message={"content": "hello"}))
    await expect(person.answer()).to_contain_text("two with code")
    await person.settled()
    await person.write("go")
    await expect(person.answer()).to_contain_text("w5")
    await person.write("this waits", "queue")
    await expect(person.message("this waits")).to_contain_text("Waits for its turn.")
    await good(page, axe, look, "running")
    await person.button("Events").click()
    await expect(page.get_by_role("listitem").filter(has_text="session.started")).to_be_attached()
    await page.get_by_role("listitem").filter(has_text="message.accepted").first.click()
    await good(page, axe, look, "events")
    await person.button("Conversation").click()
    await person.button("Close").click()
    await person.button("Really close?").click()
    await expect(person.status()).to_have_text("closed")
    await good(page, axe, look, "closed")
    await person.visit(await begun(system))
    await person.settled()
    await page.context.set_offline(True)
    system.parts["api"].kill()
    await person.write("kept")
    await expect(person.banner()).to_contain_text("Not connected")
    await good(page, axe, look, "offline")
    await page.context.set_offline(False)
    await quiet(page, expected=UNREACHABLE)


async def test_the_key_prompt_is_good_to_look_at(system: System, open_page: OpenPage, axe: Axe) -> None:
    async with guarded_api(system) as url:
        for look in LOOKS:
            person = await Person.before(await open_page(**look), url)
            await person.visit()
            await expect(person.page.get_by_role("dialog", name="API key")).to_be_visible()
            await good(person.page, axe, look, "key-prompt")
            await person.page.close()


async def reach(person: Person, name: str, key: str = "Tab", most: int = 200) -> None:
    """Press `key` until the focus is on what has this name; wherever it is on the way, one sees it."""
    for _ in range(most):
        await person.page.keyboard.press(key)
        focused = await person.page.evaluate(FOCUSED)
        if focused["name"] not in {"", await person.page.title()}:
            assert focused["isInSight"], focused
            assert focused["isMarked"], focused
        if focused["name"] == name:
            return
    raise AssertionError(name)


async def test_by_keyboard_only(system: System, person: Person) -> None:
    await system.script(tokens=400, tokens_per_second=40, contains="go")
    keyboard = person.page.keyboard
    await person.visit()
    await expect(person.page.get_by_label("Profile of the new session").get_by_role("option")).to_have_count(
        5
    )
    await keyboard.press("Tab")
    assert (await person.page.evaluate(FOCUSED))["name"] == "Skip to the session"
    await reach(person, "New session")
    await keyboard.press("Enter")
    await expect(person.page.get_by_label("Message", exact=True)).to_be_focused()
    await keyboard.type("go")
    await keyboard.press("Shift+Enter")
    await keyboard.type("on")
    await keyboard.press("Enter")
    await person.hears(50)
    await expect(person.message("go on")).to_be_visible()
    await expect(person.page.get_by_label("Message", exact=True)).to_be_focused()
    await reach(person, "Stop")
    await keyboard.press("Enter")
    await person.settled()
    await expect(person.answer()).to_contain_text("Stopped")
    await reach(person, "Events", "Shift+Tab")
    await keyboard.press("Enter")
    await reach(person, "Filter events")
    await keyboard.type("turn.stopped")
    await expect(person.page.get_by_text("1 shown")).to_be_visible()
    await reach(person, "Conversation", "Shift+Tab")
    await keyboard.press("Enter")
    await expect(person.answer()).to_be_visible()
    await reach(person, "Perdure", "Shift+Tab")
    await keyboard.press("Enter")
    await expect(person.page.get_by_role("heading", level=1)).to_contain_text("A conversation that outlives")
    await quiet(person.page)


async def test_a_screen_reader_is_told_whole_answers(system: System, person: Person) -> None:
    await system.script(tokens=60, tokens_per_second=40, contains="go")
    await person.visit(await begun(system, message={"content": "go"}))
    await person.hears(50)
    told_aloud = person.page.get_by_role("main").get_by_role("status").filter(has_text="w0")
    await expect(told_aloud).to_have_count(0)
    await person.settled()
    await expect(told_aloud).to_contain_text("assistant: w0 w1")
    await expect(told_aloud).to_contain_text("w59")
    await quiet(person.page)


async def test_at_360_px_the_list_is_left_and_found_again(system: System, open_page: OpenPage) -> None:
    person = await Person.before(await open_page(viewport={"width": 360, "height": 640}), system.api_url)
    session_id = await begun(system, title="Small")
    await person.visit()
    await person.entry("Small").click()
    await expect(person.page.get_by_label("Message", exact=True)).to_be_in_viewport()
    await expect(person.entry("Small")).to_be_hidden()
    await person.write("hello")
    await expect(person.answer()).to_contain_text("Hello")
    await person.page.get_by_role("link", name="← Sessions").click()
    await expect(person.entry("Small")).to_be_visible()
    assert session_id not in person.page.url
    await quiet(person.page)
