"""Messages on their way: steered, queued, taken back, refused; and answers that fail on theirs."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx2

from tests.console.chromium import quiet, shoot
from tests.console.person import Person, begun, expect
from tests.system import System

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Route

TOKENS = 400
WORDS = " ".join(f"w{number}" for number in range(TOKENS))
SHORT = " ".join(f"w{number}" for number in range(30))
UNREACHABLE = r"ERR_|Failed to load resource"
REFUSED = r"status of 4\d\d"


async def busy(system: System, person: Person) -> None:
    """In front of a session whose answer takes long."""
    await system.script(tokens=TOKENS, tokens_per_second=40, contains="go")
    await person.visit(await begun(system, message={"content": "go"}))
    await person.hears(50)


async def asked(person: Person) -> list[str]:
    return [words for who, words in await person.conversation() if who == "You"]


async def test_messages_wait_in_sight_and_become_part_once(system: System, person: Person) -> None:
    await busy(system, person)
    await person.write("steered in", "steer")
    await expect(person.message("steered in")).to_contain_text("Waits for the next step of the answer.")
    await person.write("a turn of its own", "queue")
    await expect(person.message("a turn of its own")).to_contain_text("Waits for its turn.")
    await expect(person.fact("queue")).to_have_text("2")
    await shoot(person.page, "waiting")
    await person.page.reload()
    await expect(person.message("a turn of its own")).to_contain_text("Waits for its turn.")
    await person.button("Stop").click()
    await expect(person.answer()).to_contain_text('You wrote: "a turn of its own"')
    await person.settled()
    assert await asked(person) == ["go", "steered in", "a turn of its own"]
    assert len(await person.answers()) == 3
    await expect(person.button("Take back")).to_have_count(0)
    await expect(person.fact("queue")).to_be_hidden()
    await quiet(person.page)


async def test_a_message_is_taken_back(system: System, person: Person) -> None:
    await busy(system, person)
    await person.write("never mind", "queue")
    await person.message("never mind").get_by_role("button", name="Take back").click()
    await expect(person.message("never mind")).to_have_count(0)
    await person.button("Stop").click()
    await person.settled()
    await person.page.reload()
    await person.settled()
    assert await asked(person) == ["go"]
    await quiet(person.page)


async def test_an_interruption_stops_and_starts(system: System, person: Person) -> None:
    await busy(system, person)
    await person.write("hello", "interrupt")
    await expect(person.answer()).to_contain_text("Hello again")
    await person.settled()
    (_, first), (_, said), (_, second), _ = await person.conversation()
    assert (first, second) == ("go", "hello")
    assert WORDS.startswith(said)
    assert len(said) < len(WORDS)
    await quiet(person.page)


async def test_a_message_of_somebody_else_waits_in_sight(system: System, person: Person) -> None:
    await busy(system, person)
    async with system.http() as http:
        await http.post(f"/v1/sessions/{person.session_id}/messages", json={"content": "from elsewhere"})
    await expect(person.message("from elsewhere")).to_contain_text("Waits for")
    await person.button("Stop").click()
    await person.settled()
    await quiet(person.page)


async def test_a_failing_provider_is_tried_again_in_sight(system: System, person: Person) -> None:
    await system.script(status=429, retry_after=3, contains="go")
    await person.visit(await begun(system))
    await system.script(tokens=30, contains="go")
    await person.write("go")
    note = person.message("go").get_by_text("The provider failed")
    await expect(note).to_contain_text("Attempt 2 in 0:0")
    await expect(person.status()).to_have_text("waiting for the provider")
    first = await note.text_content()
    await shoot(person.page, "retrying")
    await expect(note).not_to_have_text(first or "")
    await expect(person.answer()).to_contain_text("w29")
    await person.settled()
    assert await person.conversation() == [["You", "go"], ["assistant", SHORT]]
    await expect(person.message("go").get_by_text("The provider failed")).to_be_hidden()
    await quiet(person.page)


async def test_what_is_steered_into_a_retry_says_so(system: System, person: Person) -> None:
    await system.script(status=429, retry_after=3, contains="go")
    await person.visit(await begun(system))
    await person.write("go")
    await expect(person.message("go")).to_contain_text("Attempt 2")
    await person.write("and this", "steer")
    await expect(person.message("and this")).to_contain_text("Steered into turn 1.")
    await person.settled()
    assert await asked(person) == ["go", "and this"]
    assert len(await person.answers()) == 1
    await quiet(person.page)


async def test_a_provider_that_gives_up_says_why(system: System, person: Person) -> None:
    await system.script(status=400, contains="go")
    await person.visit(await begun(system))
    await person.write("go")
    await expect(person.page.get_by_text("Failed: ")).to_be_visible()
    await person.settled()
    await shoot(person.page, "failed")
    await person.write("hello")
    await expect(person.answer()).to_contain_text("Hello again")
    await expect(person.page.get_by_text("Failed: ")).to_be_visible()
    await quiet(person.page)


async def test_an_answer_that_is_begun_anew_is_shown_once(system: System, person: Person) -> None:
    await system.script(tokens=TOKENS, tokens_per_second=60, contains="go")
    await person.visit(await begun(system, profile="plain", message={"content": "go"}))
    await person.hears(100)
    await system.script(tokens=TOKENS, contains="go")
    system.parts["worker"].kill()
    system.restart("worker")
    await expect(person.answer()).to_contain_text("Begun anew")
    await person.settled()
    assert await person.conversation() == [["You", "go"], ["assistant", WORDS]]
    texts = [text for look in person.looks for text in look]
    assert all(WORDS.startswith(text) for text in texts)
    assert texts != sorted(texts, key=len)
    await quiet(person.page)


async def closes(http: httpx2.AsyncClient, session_id: str) -> bool:
    with suppress(httpx2.HTTPError):
        return (await http.delete(f"/v1/sessions/{session_id}")).status_code == 202
    return False


async def test_what_a_closed_session_refuses_stays_until_it_is_discarded(
    system: System, person: Person
) -> None:
    await person.visit(await begun(system))
    await person.settled()
    system.parts["api"].kill()
    await person.page.context.set_offline(True)
    for text in ("too late", "much too late"):
        await person.write(text)
    await expect(person.message("much too late")).to_contain_text("Sending …")
    system.restart("api")
    async with asyncio.timeout(20), system.http() as http:
        while not await closes(http, person.session_id):
            await asyncio.sleep(0.1)
    await person.page.context.set_offline(False)
    refused = person.message("much too late")
    await expect(refused).to_contain_text("Not taken: ")
    await expect(person.page.get_by_text("This session is closed: somebody closed it.")).to_be_visible()
    await shoot(person.page, "refused")
    await refused.get_by_role("button", name="Send again").click()
    await expect(refused).to_contain_text("Not taken: ")
    await refused.get_by_role("button", name="Discard").click()
    await expect(refused).to_have_count(0)
    assert await asked(person) == ["too late"]
    await quiet(person.page, expected=f"{UNREACHABLE}|{REFUSED}")


async def test_a_refused_message_is_sent_again(system: System, person: Person) -> None:
    await person.visit(await begun(system))
    await person.settled()

    async def full(route: "Route") -> None:
        problem = {"status": 429, "code": "queue_full", "detail": "The queue is full."}
        await route.fulfill(status=429, content_type="application/problem+json", json=problem)

    await person.page.route("**/messages", full, times=1)
    await person.write("hello")
    await expect(person.message("hello")).to_contain_text("Not taken: The queue is full.")
    await person.message("hello").get_by_role("button", name="Send again").click()
    await expect(person.answer()).to_contain_text("Hello")
    assert await asked(person) == ["hello"]
    await quiet(person.page, expected=REFUSED)
