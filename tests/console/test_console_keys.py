"""Where the server wants an API key: the page asks for it and holds it in memory only."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.console.chromium import OpenPage, observed, quiet, shoot
from tests.console.guarded import KEY, guarded_api
from tests.console.person import Person, expect
from tests.system import System

REFUSED = r"status of 401"
KEPT = """async () => JSON.stringify({
  local: { ...localStorage },
  session: { ...sessionStorage },
  databases: await indexedDB.databases(),
  caches: await caches.keys(),
  cookie: document.cookie,
  history: history.state,
  fields: [...document.querySelectorAll('input')].map(({ value }) => value),
  markup: document.documentElement.outerHTML,
})"""


@pytest.fixture(scope="module")
async def guarded(whole_system: System) -> AsyncIterator[str]:
    """The URL of an API that wants a key."""
    async with guarded_api(whole_system) as url:
        yield url


@pytest.fixture
async def stranger(guarded: str, open_page: OpenPage) -> Person:
    """Somebody in front of a console that does not know them."""
    return await Person.before(await open_page(), guarded)


async def give(person: Person, key: str) -> None:
    await person.page.get_by_label("API key", exact=True).and_(person.page.get_by_role("textbox")).fill(key)
    await person.button("Show sessions").click()


async def kept_nowhere(person: Person) -> None:
    kept = await person.page.evaluate(KEPT)
    assert KEY not in kept
    assert set(json.loads(kept)["local"]) == set()
    assert all(name.startswith("perdure.token.") for name in json.loads(kept)["session"])
    assert (await person.page.context.storage_state())["cookies"] == []
    assert not any(KEY in url for url in observed(person.page).urls)


async def test_on_loopback_without_keys_it_asks_for_none(person: Person) -> None:
    await person.visit()
    await expect(person.button("New session")).to_be_visible()
    await expect(person.button("plain")).to_be_visible()
    await expect(person.page.get_by_role("dialog")).to_be_hidden()
    await quiet(person.page)


async def test_a_wrong_key_and_the_right_one(stranger: Person) -> None:
    await stranger.visit()
    prompt = stranger.page.get_by_role("dialog", name="API key")
    await expect(prompt).to_contain_text("in the memory of this tab, and nowhere else")
    await expect(prompt.get_by_label("API key")).to_be_focused()
    await shoot(stranger.page, "key-prompt")
    await give(stranger, "a-wrong-key")
    await expect(prompt).to_contain_text("This key is not known here.")
    await shoot(stranger.page, "key-wrong")
    await give(stranger, KEY)
    await expect(prompt).to_be_hidden()
    await expect(stranger.button("plain")).to_be_visible()
    await kept_nowhere(stranger)
    await quiet(stranger.page, expected=REFUSED)


async def test_a_reload_keeps_the_session_and_forgets_the_key(stranger: Person) -> None:
    await stranger.visit()
    await give(stranger, KEY)
    await expect(stranger.button("plain")).to_be_visible()
    session_id = await stranger.begun_here()
    await stranger.write("hello")
    await expect(stranger.answer()).to_contain_text("Hello")
    await stranger.settled()
    await kept_nowhere(stranger)
    await stranger.page.reload()
    await expect(stranger.answer()).to_contain_text("Hello")
    await expect(stranger.page.get_by_role("dialog")).to_be_hidden()
    await stranger.write("and again")
    await expect(stranger.answer()).to_contain_text("and again")
    await expect(stranger.entry("SESSION")).to_have_count(0)
    await stranger.button("Give an API key").click()
    await give(stranger, KEY)
    await expect(stranger.entry("SESSION").first).to_be_visible()
    await expect(stranger.answer()).to_contain_text("and again")
    assert stranger.session_id == session_id
    await kept_nowhere(stranger)
    await quiet(stranger.page, expected=REFUSED)


async def test_a_session_of_the_list_is_kept_by_a_token_of_its_own(stranger: Person) -> None:
    await stranger.visit()
    await give(stranger, KEY)
    await expect(stranger.button("plain")).to_be_visible()
    await stranger.begun_here()
    await stranger.page.evaluate("sessionStorage.clear()")
    await stranger.page.reload()
    await give(stranger, KEY)
    await stranger.settled()
    await stranger.until("sessionStorage.length === 1")
    await kept_nowhere(stranger)
    await stranger.page.reload()
    await stranger.settled()
    await quiet(stranger.page, expected=REFUSED)


async def test_a_link_alone_opens_nothing(stranger: Person, guarded: str, open_page: OpenPage) -> None:
    await stranger.visit()
    await give(stranger, KEY)
    await expect(stranger.button("plain")).to_be_visible()
    await stranger.begun_here()
    other = await Person.before(await open_page(), guarded)
    await other.visit(stranger.session_id)
    await expect(other.page.get_by_role("dialog", name="API key")).to_be_visible()
    assert await other.conversation() == []
    await quiet(other.page, expected=REFUSED)
