"""What goes wrong in the console when people, names and answers are not as they should be."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.chromium import observed, quiet, until
from tests.console.guarded import KEY, guarded_api
from tests.system import System

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Page, Route

TITLE = "document.querySelector('.strip .title')"
LIVE = f"{TITLE}?.placeholder.startsWith('SESSION-')"
LISTED = "document.querySelectorAll('.sessions li').length"


@pytest.fixture
async def guarded(system: System) -> AsyncIterator[str]:
    async with guarded_api(system) as url:
        yield url


async def started(system: System, **body: Any) -> dict[str, Any]:
    async with system.http() as http:
        session: dict[str, Any] = (await http.post("/v1/sessions", json=body)).json()
        return session


async def opened(page: "Page", system: System, **body: Any) -> str:
    """The id of a new session that `page` shows."""
    session_id: str = (await started(system, **body))["session_id"]
    await page.goto(f"{system.api_url}/#/{session_id}")
    await until(page, LIVE)
    return session_id


async def test_an_address_that_is_no_text_opens_nothing(system: System, page: "Page") -> None:
    await opened(page, system)
    await page.evaluate("location.hash = '#/%'")
    await page.wait_for_timeout(200)
    await quiet(page, "404")
    assert await page.evaluate(f"!({TITLE}?.placeholder)")


async def test_no_name_of_a_session_is_a_path(system: System, page: "Page") -> None:
    await page.goto(f"{system.api_url}/#/..")
    await page.wait_for_timeout(500)
    asked = [url for url in observed(page).urls if url.endswith(("/v1/token", "/v1/"))]
    assert not asked
    assert sum(url.endswith("/v1/events") for url in observed(page).urls) == 1


async def test_the_skip_link_stays_in_the_session(system: System, page: "Page") -> None:
    session_id = await opened(page, system)
    await page.evaluate("document.querySelector('.skip').focus()")
    await page.keyboard.press("Enter")
    await page.wait_for_timeout(300)
    assert page.url.endswith(f"#/{session_id}")
    assert await page.evaluate("document.activeElement.id") == "main"
    await quiet(page)


async def test_names_of_messages_are_only_names(system: System, page: "Page") -> None:
    session_id = await opened(page, system)
    async with system.http() as http:
        body = {"content": "hello", "message_id": "constructor"}
        await http.post(f"/v1/sessions/{session_id}/messages", json=body)
    await until(page, "document.querySelectorAll('.message').length > 1")
    await page.wait_for_timeout(300)
    assert "native code" not in await page.evaluate("document.querySelector('.thread').textContent")


async def test_an_answer_that_comes_late_does_not_touch_the_page(system: System, page: "Page") -> None:
    await opened(page, system, title="the first")

    async def late(route: "Route") -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    await page.route("**/pause", late)
    await page.get_by_role("button", name="Pause").click()
    await page.evaluate("location.hash = '#/'")
    await until(page, "document.title === 'Perdure'")
    await page.wait_for_timeout(800)
    assert await page.title() == "Perdure"


async def test_who_has_left_the_trial_asks_no_more(system: System, page: "Page") -> None:
    async def one_machine(route: "Route") -> None:
        await asyncio.sleep(0.4)
        answer = await route.fetch()
        await route.fulfill(response=answer, json={**await answer.json(), "worker_pid": 4321})

    await page.route("**/console/settings", one_machine)
    await system.script(tokens_per_second=20)
    session_id = await opened(
        page, system, message={"content": "count to 300"}, metadata={"trial_worker": 4321}
    )
    for _ in range(2):
        async with page.expect_request("**/console/settings"):
            pass
    await page.evaluate("location.hash = '#/'")
    await page.wait_for_timeout(600)
    before = len(observed(page).urls)
    await page.wait_for_timeout(2500)
    asked = observed(page).urls[before:]
    async with system.http() as http:
        await http.delete(f"/v1/sessions/{session_id}")
    assert not [url for url in asked if url.endswith("/settings")]


async def test_the_trial_judges_its_own_answer(system: System, page: "Page") -> None:
    async def one_machine(route: "Route") -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json={**await answer.json(), "worker_pid": 4321})

    await page.route("**/console/settings", one_machine)
    await system.script(tokens_per_second=200)
    await opened(page, system, message={"content": "count to 300"}, metadata={"trial_worker": 4321})
    await until(page, "/300 numbers/.test(document.querySelector('.trial')?.textContent)")
    await page.get_by_label("Message").fill("and now 7 of 9")
    await page.keyboard.press("Enter")
    await until(page, "document.querySelectorAll('.message').length === 4")
    await page.wait_for_timeout(1500)
    told = await page.evaluate("document.querySelector('.trial').textContent")
    assert "300 numbers so far: each is here once" in told


async def test_a_longer_list_stays_long(system: System, page: "Page") -> None:
    async with system.http() as http:
        for _ in range(60):
            await http.post("/v1/sessions", json={"user_id": "crowd"})
    await page.goto(f"{system.api_url}/")
    await until(page, f"{LISTED} === 50")
    await page.get_by_role("button", name="More").click()
    await until(page, f"{LISTED} > 50")
    await started(system)
    await page.wait_for_timeout(2500)
    assert await page.evaluate(LISTED) > 60


async def test_a_problem_of_the_list_passes(system: System, page: "Page") -> None:
    await started(system)
    await page.goto(f"{system.api_url}/")
    await until(page, f"{LISTED} > 0")
    search = page.get_by_label("Search sessions")
    await page.route("**/v1/sessions?*", lambda route: route.fulfill(status=400, json={"detail": "No."}))
    await search.fill("y")
    await until(page, "document.querySelector('.sessions .note').textContent === 'No.'")
    await page.unroute_all()
    await search.fill("")
    await page.wait_for_timeout(1000)
    assert await page.evaluate("document.querySelector('.sessions .note').hidden")


async def test_a_key_opens_what_an_old_token_does_not(guarded: str, page: "Page", system: System) -> None:
    async with system.http(base_url=guarded, headers={"Authorization": f"Bearer {KEY}"}) as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
    await page.goto(guarded)
    await page.evaluate(f"sessionStorage.setItem('perdure.token.{session_id}', 'of-an-older-secret')")
    await page.goto(f"{guarded}/#/{session_id}")
    await page.reload()
    await page.wait_for_timeout(500)
    if not await page.locator("dialog[open]").count():
        await page.get_by_role("button", name="Give an API key").click()
    await page.locator("dialog input").fill(KEY)
    await page.keyboard.press("Enter")
    await until(page, LIVE)


async def test_a_choice_of_delivery_is_for_one_turn(system: System, page: "Page") -> None:
    await system.script(tokens_per_second=50)
    await opened(page, system, message={"content": "count to 60"})
    await page.get_by_label("Delivery").select_option("interrupt")
    await until(page, "document.querySelector('.composer select').hidden")
    assert await page.evaluate("document.querySelector('.composer select').value") == "steer"


async def test_two_clicks_are_one_session(system: System, page: "Page") -> None:
    await page.goto(system.api_url)
    await page.get_by_role("button", name="New session").dblclick()
    await until(page, LIVE)
    await page.wait_for_timeout(500)
    asked = [one for one in observed(page).requests if one.method == "POST" and one.url.endswith("/sessions")]
    assert len(asked) == 1


async def test_taking_back_twice_is_taking_back(system: System, page: "Page") -> None:
    session_id = await opened(page, system)
    async with system.http() as http:
        await http.post(f"/v1/sessions/{session_id}/pause")
        await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "hello"})
    await page.get_by_role("button", name="Take back").dblclick()
    await page.wait_for_timeout(800)
    assert await page.evaluate("document.querySelector('.banner').textContent") == ""


async def test_nobody_is_torn_away_by_a_late_start(system: System, page: "Page") -> None:
    other = await started(system)
    await page.goto(system.api_url)
    await until(page, f"{LISTED} > 0")

    async def late(route: "Route") -> None:
        if route.request.method == "POST":
            await asyncio.sleep(0.7)
        await route.continue_()

    await page.route("**/v1/sessions", late)
    await page.get_by_role("button", name="New session").click()
    await page.evaluate(f"location.hash = '#/{other['session_id']}'")
    await page.wait_for_timeout(1500)
    assert page.url.endswith(other["session_id"])


async def test_a_double_click_closes_nothing(system: System, page: "Page") -> None:
    session_id = await opened(page, system)
    await page.get_by_role("button", name="Close").dblclick()
    await page.wait_for_timeout(500)
    async with system.http() as http:
        assert (await http.get(f"/v1/sessions/{session_id}")).json()["status"] == "idle"
    await page.get_by_role("button", name="Really close?").click()
    await until(page, "document.querySelector('.over').textContent.includes('is closed')")


async def test_nothing_of_a_long_text_is_lost(system: System, page: "Page") -> None:
    await opened(page, system)
    text = page.get_by_label("Message")
    await text.focus()
    await page.keyboard.insert_text("x" * 40_000)
    assert await page.evaluate("document.querySelector('textarea').value.length") == 40_000
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.querySelector('textarea').value.length") == 40_000
    assert not await page.locator(".message").count()


async def test_an_alert_does_not_count_seconds(system: System, page: "Page") -> None:
    await opened(page, system)
    await page.route(
        "**/v1/**", lambda route: route.fulfill(status=503, headers={"Retry-After": "9"}, json={})
    )
    system.parts["api"].kill()
    await until(page, "document.querySelector('.banner').textContent.includes('Not connected')")
    spoken = """[...document.querySelectorAll('[role=alert], [role=status]')].map((one) => one.textContent)"""
    seen = set()
    for _ in range(12):
        seen.add(str(await page.evaluate(spoken)))
        await page.wait_for_timeout(300)
    assert len(seen) <= 2, seen


async def test_clocks_are_the_servers_before_anything_happens(system: System, page: "Page") -> None:
    await page.add_init_script("{ const { now } = Date; Date.now = () => now() + 900_000 }")
    await opened(page, system, profile="voice")
    await page.wait_for_timeout(1500)
    shown = await page.evaluate("document.querySelector('.strip dl').innerText.replace(/\\s+/g, ' ')")
    assert "in 0:00" not in shown, shown
    assert "idle in 4:5" in shown or "idle in 5:0" in shown, shown


async def test_focus_is_not_lost_with_a_button(system: System, page: "Page") -> None:
    await system.script(tokens_per_second=20)
    await opened(page, system, message={"content": "count to 100"})
    await page.get_by_role("button", name="Stop").focus()
    await page.keyboard.press("Enter")
    await until(page, "document.querySelector('.composer .danger').hidden")
    await page.wait_for_timeout(300)
    assert await page.evaluate("document.activeElement.tagName") == "TEXTAREA"


async def test_who_walks_along_the_list_keeps_the_place(system: System, page: "Page") -> None:
    sessions = [await started(system) for _ in range(3)]
    await page.goto(system.api_url)
    last = sessions[0]["session_id"]
    await until(page, f"document.querySelector('a[href=\"#/{last}\"]') !== null")
    await page.evaluate(f"document.querySelector('a[href=\"#/{last}\"]').focus()")
    async with system.http() as http:
        await http.post(f"/v1/sessions/{last}/messages", json={"content": "hello"})
    await until(page, f"document.querySelector('.sessions li a').hash === '#/{last}'")
    assert await page.evaluate("document.activeElement.hash") == f"#/{last}"


async def test_a_voice_is_not_as_an_older_answer_says(system: System, page: "Page") -> None:
    path = f"/v1/sessions/{(await started(system, profile='voice'))['session_id']}"

    is_answered, is_over = asyncio.Event(), asyncio.Event()

    async def late(route: "Route") -> None:
        answer = await route.fetch()
        is_answered.set()
        await is_over.wait()
        await route.fulfill(response=answer)

    await page.route(f"**{path}", late, times=1)
    await page.goto(f"{system.api_url}/#{path.removeprefix('/v1/sessions')}")
    status = page.locator(".voice [role=status]")
    await status.get_by_text("Nobody has spoken yet").wait_for()
    async with system.http() as http:
        await http.post(f"{path}/listening", json={"on": True})
        await is_answered.wait()
        await http.post(f"{path}/listening", json={"on": False})
    await status.get_by_text("Waiting for you").wait_for()
    await status.evaluate(
        "(status) => new MutationObserver(() => (window.told = status.textContent))"
        ".observe(status, { subtree: true, childList: true, characterData: true })"
    )
    is_over.set()
    await page.wait_for_timeout(1000)
    assert await page.evaluate("window.told ?? ''") == ""
