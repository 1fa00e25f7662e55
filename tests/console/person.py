"""What a person does with the console, and what they see of it.

Owns how the page is reached, by roles and labels, and a record of every look at the answers. Must not know
what is right, nor how the page is made, but for the heading and the foot of a message.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from tests.console.chromium import ABSENT, new_tab, until
from tests.system import System

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Locator, Page, expect
else:
    expect = pytest.importorskip(
        "playwright.async_api", reason=f"The package playwright is not installed: {ABSENT}"
    ).expect

__all__ = ["Person", "expect"]

_LOOK: Final = r"""
const wordsIn = (article) => [...article.children]
  .filter(({ tagName }) => tagName !== 'H2' && tagName !== 'FOOTER')
  .map(({ textContent }) => textContent).join(' ').replace(/\s+/g, ' ').trim()
const told = (article) => [article.ariaLabel, wordsIn(article)]
window.conversation = () => [...document.querySelectorAll('article')].map(told)
window.answers = () => conversation().filter(([who]) => who !== 'You').map(([, words]) => words)
let last = '[]'
new MutationObserver(() => {
  const seen = JSON.stringify(answers())
  if (seen !== last) window.tellOfLook(JSON.parse(last = seen))
}).observe(document, { subtree: true, childList: true, characterData: true })
"""


@dataclass
class Person:
    """Somebody in front of one page; `home` is the origin of the console."""

    page: "Page"
    home: str
    looks: list[list[str]] = field(default_factory=list)
    """The texts of all answers in sight, each time that one changed; reloads included."""

    @classmethod
    async def before(cls, page: "Page", home: str) -> Self:
        person = cls(page, home)
        await page.expose_binding("tellOfLook", lambda _, look: person.looks.append(look))
        await page.add_init_script(_LOOK)
        return person

    async def another_tab(self) -> Self:
        """In the same window: what pages share, these share."""
        return await self.before(await new_tab(self.page), self.home)

    # ---- going somewhere

    async def visit(self, session_id: str = "") -> None:
        await self.page.goto(f"{self.home}/#/{session_id}" if session_id else f"{self.home}/")

    async def begin(self, profile: str = "chat") -> str:
        """A new session, started in the page; its id."""
        await self.visit()
        return await self.begun_here(profile)

    async def begun_here(self, profile: str = "chat") -> str:
        """The same in the page as it is."""
        chosen = self.page.get_by_label("Profile of the new session")
        await expect(chosen.get_by_role("option", name=profile, exact=True)).to_be_attached()
        await chosen.select_option(profile)
        await self.button("New session").click()
        await expect(self.status()).not_to_have_text("opening")
        return self.session_id

    @property
    def session_id(self) -> str:
        return self.page.url.partition("#/")[2]

    # ---- doing something

    async def write(self, text: str, delivery: str | None = None) -> None:
        if delivery:
            await self.page.get_by_label("Delivery while an answer runs").select_option(delivery)
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.page.get_by_label("Message", exact=True).press("Enter")

    # ---- what is in sight

    def button(self, name: str) -> "Locator":
        return self.page.get_by_role("button", name=name, exact=True)

    def status(self) -> "Locator":
        """Of the session; told first."""
        return self.page.get_by_role("main").get_by_role("status").first

    def fact(self, name: str) -> "Locator":
        """What the strip tells under this name."""
        term = self.page.get_by_role("term").filter(has_text=name)
        return self.page.get_by_role("main").locator("dl > div").filter(has=term).get_by_role("definition")

    def banner(self) -> "Locator":
        return self.page.get_by_role("main").get_by_role("alert")

    def note(self) -> "Locator":
        """What the list says of itself."""
        return self.page.get_by_role("navigation", name="Sessions").get_by_role("status")

    def entry(self, name: str) -> "Locator":
        """Of the list."""
        return self.page.get_by_role("navigation", name="Sessions").get_by_role("link").filter(has_text=name)

    def message(self, text: str) -> "Locator":
        return self.page.get_by_role("article", name="You").filter(has_text=text)

    def answer(self) -> "Locator":
        """The newest."""
        return self.page.get_by_role("article").and_(self.page.locator(":not([aria-label=You])")).last

    async def conversation(self) -> list[list[str]]:
        """Who said what."""
        said: list[list[str]] = await self.page.evaluate("conversation()")
        return said

    async def answers(self) -> list[str]:
        said: list[str] = await self.page.evaluate("answers()")
        return said

    # ---- waiting

    async def hears(self, characters: int) -> None:
        """Until so much of an answer is in sight."""
        await until(self.page, f"(answers().at(-1) ?? '').length > {characters}")

    async def settled(self, seconds: float = 40) -> None:
        """Until the session waits for a message."""
        await expect(self.status()).to_have_text("waiting for you", timeout=seconds * 1000)

    async def until(self, holds: str, seconds: float = 40) -> Any:
        return await until(self.page, holds, seconds)


async def begun(system: System, **body: Any) -> str:
    """A session that somebody started elsewhere; its id."""
    async with system.http() as http:
        session_id: str = (await http.post("/v1/sessions", json=body)).json()["session_id"]
        return session_id
