"""The list of sessions, live; what can be done with one; and what is shown while there is nothing to show."""

import asyncio
from typing import TYPE_CHECKING

from tests.console.chromium import quiet, shoot
from tests.console.person import Person, begun, expect
from tests.system import System, ready

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Route

REFUSED = r"status of 4\d\d"
UNREACHABLE = r"ERR_|Failed to load resource"


async def test_the_list_is_live(system: System, person: Person) -> None:
    await begun(system, title="There before")
    await person.visit()
    await expect(person.entry("There before")).to_be_visible()
    session_id = await begun(system, title="Evening walk")
    entry = person.entry("Evening walk")
    await expect(entry).to_contain_text("idle · chat")
    await expect(entry).to_contain_text("SESSION-")
    await system.script(tokens=100, tokens_per_second=40, contains="go")
    async with system.http() as http:
        await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go"})
        await expect(entry).to_contain_text("active")
        await http.post(f"/v1/sessions/{session_id}/stop")
        await expect(entry).to_contain_text("idle")
        await http.post(f"/v1/sessions/{session_id}/pause")
        await expect(entry).to_contain_text("paused")
        await http.patch(f"/v1/sessions/{session_id}", json={"title": "Morning walk"})
        await expect(person.entry("Morning walk")).to_be_visible()
        await http.delete(f"/v1/sessions/{session_id}")
    await expect(person.entry("Morning walk")).to_have_count(0)
    await person.page.get_by_label("Which sessions").select_option("All")
    await expect(person.entry("Morning walk")).to_contain_text("closed")
    await quiet(person.page)


async def test_sessions_are_searched_and_opened(system: System, person: Person) -> None:
    session_id = await begun(system, title="Needle", message={"content": "hello"})
    await begun(system, title="Hay")
    await person.visit()
    await expect(person.entry("Hay")).to_be_visible()
    search = person.page.get_by_role("searchbox", name="Search sessions")
    await search.fill("Nee")
    await expect(person.entry("Hay")).to_have_count(0)
    await expect(person.entry("Needle")).to_have_count(1)
    await shoot(person.page, "list")
    await search.fill("nothing like that")
    await expect(person.note()).to_have_text("No session begins like that.")
    await search.fill("")
    await person.entry("Needle").click()
    await expect(person.entry("Needle")).to_have_attribute("aria-current", "true")
    await expect(person.page.get_by_role("heading", name="Needle")).to_be_attached()
    await expect(person.message("hello")).to_be_visible()
    assert person.session_id == session_id
    await person.entry("Hay").click()
    await expect(person.message("hello")).to_have_count(0)
    await person.page.go_back()
    await expect(person.message("hello")).to_be_visible()
    await quiet(person.page)


async def test_a_session_is_begun_renamed_paused_and_closed(system: System, person: Person) -> None:
    session_id = await person.begin()
    title = person.page.get_by_label("Title")
    await title.fill("Anew")
    await title.press("Enter")
    await expect(person.entry("Anew")).to_be_visible()
    await expect(person.page).to_have_title("Anew · Perdure")
    await person.button("Pause").click()
    await expect(person.status()).to_have_text("paused")
    await expect(person.fact("idle")).to_be_hidden()
    await person.write("hello")
    await expect(person.message("hello")).to_contain_text("Waits until")
    await person.button("Resume").click()
    await expect(person.answer()).to_contain_text("Hello")
    await person.settled()
    await person.button("Close").click()
    await expect(person.status()).to_have_text("waiting for you")
    await person.button("Really close?").click()
    await expect(person.status()).to_have_text("closed")
    await expect(person.page.get_by_text("This session is closed: somebody closed it.")).to_be_visible()
    await expect(person.page.get_by_label("Message", exact=True)).to_be_hidden()
    await shoot(person.page, "closed")
    await person.page.reload()
    await expect(person.status()).to_have_text("closed")
    await expect(person.answer()).to_contain_text("Hello")
    assert person.session_id == session_id
    await quiet(person.page)


async def test_a_session_is_seen_in_temporal(system: System, person: Person) -> None:
    await person.visit(await begun(system))
    link = person.page.get_by_role("link", name="Open in Temporal")
    async with system.http() as http:
        session = (await http.get(f"/v1/sessions/{person.session_id}")).json()
    page = f"{system.ui_url}/namespaces/default/workflows/{session['workflow_id']}"
    await expect(link).to_have_attribute("href", page)
    await expect(link).to_have_attribute("rel", "noopener")
    async with person.page.context.expect_page() as opened:
        await link.click()
    workflow = await opened.value
    await expect(workflow.get_by_text(session["workflow_id"]).first).to_be_visible()
    await workflow.close()
    await quiet(person.page)


async def test_a_session_that_there_is_not(person: Person) -> None:
    await person.visit("nobody")
    await expect(person.banner()).to_have_text("There is no such session, or it is not yours.")
    await shoot(person.page, "no-such-session")
    await quiet(person.page, expected=REFUSED)


async def test_an_api_that_is_away_tells_the_list_too(system: System, person: Person) -> None:
    await begun(system, title="Kept in sight")
    await person.visit()
    await expect(person.entry("Kept in sight")).to_be_visible()
    system.parts["api"].kill()
    await expect(person.note()).to_contain_text("Not reachable")
    await expect(person.entry("Kept in sight")).to_be_visible()
    await shoot(person.page, "list-not-reachable")
    system.restart("api")
    await person.button("Try now").click()
    await ready(system)
    await expect(person.note()).to_be_hidden(timeout=20_000)
    await begun(system, title="Told again")
    await expect(person.entry("Told again")).to_be_visible()
    await quiet(person.page, expected=UNREACHABLE)


async def test_a_session_that_cannot_be_started_says_why(system: System, person: Person) -> None:
    await person.visit()
    await expect(person.button("walk")).to_be_visible()
    await person.page.route("**/v1/sessions", lambda route: route.fulfill(status=403, body="{}"))
    await person.button("walk").click()
    await expect(person.banner()).to_contain_text("No session was started: ")
    await quiet(person.page, expected=REFUSED)


async def test_while_nothing_is_known_the_list_says_so(system: System, person: Person) -> None:
    release = asyncio.Event()

    async def later(route: "Route") -> None:
        await release.wait()
        await route.continue_()

    await person.page.route("**/v1/**", later)
    await person.visit(await begun(system))
    await expect(person.note()).to_have_text("Loading …")
    await expect(person.status()).to_have_text("opening")
    await shoot(person.page, "loading")
    release.set()
    await expect(person.note()).to_be_hidden()
    await person.settled()
    await quiet(person.page)


async def test_where_nothing_is_open_the_list_says_so(system: System, person: Person) -> None:
    async with system.http() as http:
        listed = (await http.get("/v1/sessions?status=active,idle,paused&limit=200")).json()["items"]
        await asyncio.gather(*(http.delete(f"/v1/sessions/{one['session_id']}") for one in listed))
    await person.visit()
    await expect(person.note()).to_have_text("No session is open.", timeout=20_000)
    await shoot(person.page, "empty")
    await quiet(person.page)
