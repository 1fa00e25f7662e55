"""Whatever dies: what is in sight of an answer is a beginning of it, and in the end all of it, once."""

import asyncio

import pytest

from tests.console.chromium import quiet, shoot
from tests.console.person import Person, begun, expect
from tests.system import System, ready

TOKENS = 150
WORDS = " ".join(f"w{number}" for number in range(TOKENS))
UNREACHABLE = r"ERR_|Failed to load resource"


async def listening(system: System, person: Person) -> None:
    """In front of a session whose answer is under way."""
    await system.script(tokens=TOKENS, tokens_per_second=60, contains="go")
    await person.visit(await begun(system, message={"content": "go"}))
    await person.hears(100)


async def held_one_copy(person: Person, *, grew: bool = True) -> None:
    """In the end the whole answer once, and whatever was in sight was the beginning of it."""
    await person.until(f"answers().join() === '{WORDS}'")
    await person.settled()
    assert await person.conversation() == [["You", "go"], ["assistant", WORDS]]
    texts = [text for look in person.looks for text in look]
    assert all(len(look) <= 1 for look in person.looks)
    assert all(WORDS.startswith(text) for text in texts)
    assert len(texts) > 2
    if grew:
        assert texts == sorted(texts, key=len)


async def test_an_answer_streams(system: System, person: Person) -> None:
    await listening(system, person)
    await expect(person.status()).to_have_text("answering")
    await expect(person.page).to_have_title(f"● {await key(person)} · Perdure")
    await expect(person.button("Stop")).to_be_visible()
    await expect(person.fact("turn")).to_contain_text("1 · assistant")
    await shoot(person.page, "answering")
    await held_one_copy(person)
    await expect(person.button("Stop")).to_be_hidden()
    await expect(person.page).to_have_title(f"{await key(person)} · Perdure")
    await expect(person.fact("tokens")).to_contain_text(" out")
    await quiet(person.page)


async def key(person: Person) -> str:
    return await person.page.get_by_label("Title").get_attribute("placeholder") or ""


async def test_an_answer_is_stopped(system: System, person: Person) -> None:
    await listening(system, person)
    await person.button("Stop").click()
    await person.settled()
    await expect(person.answer()).to_contain_text("Stopped: this much was said.")
    [said] = await person.answers()
    assert WORDS.startswith(said)
    assert 100 < len(said) < len(WORDS)
    await person.page.reload()
    await expect(person.answer()).to_contain_text("Stopped: this much was said.")
    assert await person.answers() == [said]
    await quiet(person.page)


async def test_a_page_that_is_reloaded_again_and_again(system: System, person: Person) -> None:
    await listening(system, person)
    for _ in range(3):
        await person.page.reload()
        await person.hears(100)
    await held_one_copy(person, grew=False)
    await quiet(person.page)


async def test_two_tabs(system: System, person: Person) -> None:
    await listening(system, person)
    other = await person.another_tab()
    await other.visit(person.session_id)
    for one in (person, other):
        await held_one_copy(one)
    await other.write("hello")
    for one in (person, other):
        await expect(one.answer()).to_contain_text("Hello again")
        assert len(await one.conversation()) == 4
        await quiet(one.page)


SEEN = """(isSeen) => {
  Object.defineProperty(document, 'hidden', { get: () => !isSeen, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}"""
"""A browser without windows calls every tab visible."""


async def test_more_tabs_than_a_browser_has_connections(system: System, person: Person) -> None:
    session_id = await begun(system)
    await person.visit(session_id)
    tabs = [person]
    for _ in range(5):
        await tabs[-1].page.evaluate(SEEN, False)
        tabs.append(await person.another_tab())
        await tabs[-1].visit(session_id)
    await tabs[-1].write("hello")
    await expect(tabs[-1].message("hello")).to_be_visible(timeout=3000)
    await tabs[-1].page.evaluate(SEEN, False)
    await expect(person.message("hello")).to_have_count(0)
    await person.page.evaluate(SEEN, True)
    await expect(person.message("hello")).to_have_count(1)
    for tab in tabs:
        await quiet(tab.page)


async def test_a_worker_that_is_killed(system: System, person: Person) -> None:
    await listening(system, person)
    system.parts["worker"].kill()
    await asyncio.sleep(0.5)
    system.restart("worker")
    await expect(person.fact("turn")).to_contain_text("no word for")
    await held_one_copy(person)
    assert (await system.model_stats())["generations_started"] == 1
    await quiet(person.page)


@pytest.mark.parametrize("part", ["api", "store"])
async def test_an_api_or_a_store_that_is_killed(system: System, person: Person, part: str) -> None:
    await listening(system, person)
    system.parts[part].kill()
    await asyncio.sleep(0.3)
    system.restart(part)
    await held_one_copy(person)
    await expect(person.banner()).to_be_hidden()
    await quiet(person.page, expected=UNREACHABLE)


async def test_a_store_that_is_emptied(system: System, person: Person) -> None:
    await listening(system, person)
    redis = system.redis()
    await redis.flushall()
    await redis.aclose()
    await held_one_copy(person, grew=False)
    await person.write("hello")
    await expect(person.answer()).to_contain_text("Hello again")
    await quiet(person.page)


async def test_an_api_that_is_away_for_long(system: System, person: Person) -> None:
    await listening(system, person)
    system.parts["api"].kill()
    await expect(person.banner()).to_contain_text("Not connected")
    await expect(person.button("Try now").last).to_be_visible()
    await shoot(person.page, "not-connected")
    system.restart("api")
    await held_one_copy(person)
    await expect(person.banner()).to_be_hidden()
    await quiet(person.page, expected=UNREACHABLE)


async def test_offline_and_back(system: System, person: Person) -> None:
    """Chromium lets the streams live that it has; a restart of the API ends them, unseen from here."""
    await listening(system, person)
    await person.page.context.set_offline(True)
    system.parts["api"].kill()
    system.restart("api")
    await expect(person.banner()).to_contain_text("Not connected")
    await person.write("hello")
    await expect(person.message("hello")).to_contain_text("Sending …")
    await shoot(person.page, "offline")
    await ready(system)
    await expect(person.message("hello")).to_contain_text("Sending …")
    await person.page.context.set_offline(False)
    await expect(person.banner()).to_be_hidden()
    await expect(person.answer()).to_contain_text("Hello again")
    await person.settled()
    said = await person.conversation()
    assert said[:3] == [["You", "go"], ["assistant", WORDS], ["You", "hello"]]
    assert len(said) == 4
    assert all(WORDS.startswith(text) for look in person.looks for text in look[:1])
    await quiet(person.page, expected=UNREACHABLE)
