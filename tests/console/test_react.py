"""The React binding in a real browser, against a real system that is killed under it."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.console.react_pages import OpenTab, Tab, needed
from tests.console.told import tell, turn
from tests.system import System

if TYPE_CHECKING:
    from playwright.async_api import Route

needed()

TOKENS = 150
WORDS = "".join(f"w{number} " for number in range(TOKENS))
SAID = "view.thread.findLast(({ role }) => role === 'assistant')"
ANSWERED = f"{SAID}?.status === 'complete' && !view.turn"
SPEAKING = f"{SAID}?.end > 100"
LIVE = "view.connection === 'live'"


async def speaking(system: System, tab: Tab, **options: Any) -> str:
    """The id of a session whose answer is under way."""
    await system.script(tokens=TOKENS, tokens_per_second=60, contains="go")
    await tab.show(start={"message": {"content": "go"}}, **options)
    await tab.until(SPEAKING)
    session_id: str = await tab.do("view.id")
    return session_id


async def showed_one_copy(tab: Tab) -> None:
    """After each commit, what was said was the beginning of the answer, and every message was there once."""
    for frame in await tab.frames():
        ids = [name for name, _, _ in frame["shown"]]
        assert len(ids) == len(set(ids)), frame
        said = [text for name, _, text in frame["shown"] if name.startswith("a-")]
        assert len(said) <= 1, frame
        assert all(WORDS.startswith(text) for text in said), frame
        asked = [text for _, _, text in frame["shown"] if text == "go"]
        assert len(asked) <= 1, frame


async def test_a_session_is_started_once_although_react_mounts_twice(system: System, tab: Tab) -> None:
    await tab.show(start={"title": "Strict", "message": {"content": "hello"}})
    await tab.until(ANSWERED)
    assert tab.starts == 1
    assert await tab.do("view.session.title") == "Strict"
    first, *_, last = await tab.frames()
    assert (first["connection"], first["id"], first["shown"]) == ("connecting", None, [])
    assert (last["connection"], len(last["shown"]), last["problem"]) == ("live", 2, None)
    assert len(tab.streams) == 1


async def test_a_message_is_shown_at_once_and_then_as_its_session_tells(system: System, tab: Tab) -> None:
    await tab.show(start={})
    await tab.until(LIVE)
    system.parts["api"].kill()
    await tab.until("view.connection === 'waiting'")
    await tab.page.evaluate("void app.view.send('go', { messageId: 'mine' })")
    await tab.until("view.thread.length === 1")
    await tab.until("view.conversations.assistant[0].messageId === 'mine'")
    assert (await tab.frames())[-1]["shown"] == [["mine", "pending", "go"]]
    system.restart("api")
    await system.script(tokens=TOKENS, contains="go")
    await tab.until(ANSWERED)
    assert await tab.texts() == ["go", WORDS]
    await showed_one_copy(tab)
    steps = [status for frame in await tab.frames() for name, status, _ in frame["shown"] if name == "mine"]
    assert steps[0] == "pending"
    assert steps[-1] == "complete"
    assert steps == sorted(steps, key=["pending", "confirmed", "waiting", "complete"].index)


async def test_what_its_session_tells_is_stronger_than_what_was_hoped(tab: Tab) -> None:
    await tab.show(start={})
    await tab.until(LIVE)
    await tab.do("view.send('the first', { messageId: 'mine' })")
    await tab.until(ANSWERED)
    await tab.page.evaluate("void app.view.send('another', { messageId: 'mine' })")
    await tab.do("view.send('one more')")
    await tab.until(f"view.messages.length === 4 && {ANSWERED}")
    for frame in await tab.frames():
        assert [text for name, _, text in frame["shown"] if name == "mine"] in ([], ["the first"]), frame


async def test_a_refused_message_shows_why_and_is_withdrawn(tab: Tab) -> None:
    await tab.show(start={})
    await tab.until(LIVE)
    await tab.page.evaluate("void app.view.send('hello', { settings: { effort: 'heroic' } })")
    assert await tab.until("view.outbox[0]?.problem?.code") == "invalid_request"
    assert await tab.do("view.thread[0].problem.status") == 422
    assert await tab.page.locator("li").get_attribute("data-status") == "rejected"
    await tab.do("view.withdraw(view.thread[0].messageId)")
    await tab.until("view.thread.length === 0")
    assert await tab.texts() == []


async def test_a_refresh_in_the_middle_of_an_answer_comes_back_to_it(system: System, tab: Tab) -> None:
    session_id = await speaking(system, tab, remember="chat")
    await showed_one_copy(tab)
    await tab.page.reload()
    await tab.until(SPEAKING)
    assert await tab.do("view.id") == session_id
    assert tab.starts == 1
    await tab.until(ANSWERED)
    assert await tab.texts() == ["go", WORDS]
    await showed_one_copy(tab)
    assert await tab.page.evaluate("localStorage.length") == 0


async def test_two_tabs_hold_the_same(system: System, open_tab: OpenTab, tab: Tab) -> None:
    await tab.show(start={}, remember="chat")
    await tab.until(LIVE)
    kept = json.loads(await tab.page.evaluate("sessionStorage.getItem('chat')"))
    other = await open_tab()
    await other.show(**kept)
    await other.until(LIVE)
    await system.script(tokens=TOKENS, tokens_per_second=60, contains="go")
    await other.do("view.send('go')")
    await asyncio.gather(tab.until(SPEAKING), other.until(SPEAKING))
    await asyncio.gather(tab.until(ANSWERED), other.until(ANSWERED))
    assert await tab.texts() == await other.texts() == ["go", WORDS]
    await showed_one_copy(tab)
    await showed_one_copy(other)


async def test_an_api_that_is_killed_costs_no_word(system: System, tab: Tab) -> None:
    await speaking(system, tab)
    system.parts["api"].kill()
    refused = "view.problem?.code === 'unreachable' && view.deadlines.nextAttemptAt"
    assert await tab.until(f"view.connection === 'waiting' && {refused}") > 0
    system.restart("api")
    await tab.until(f"{LIVE} && {ANSWERED}")
    assert await tab.do("view.deadlines.nextAttemptAt") is None
    assert await tab.texts() == ["go", WORDS]
    await showed_one_copy(tab)


async def test_an_answer_is_stopped(system: System, tab: Tab) -> None:
    await speaking(system, tab)
    await tab.do("view.stop()")
    await tab.until(f"{SAID}.status === 'stopped' && !view.turn")
    said = (await tab.texts())[1]
    assert WORDS.startswith(said)
    assert 100 < len(said) < len(WORDS)


async def test_a_remembered_session_that_is_gone_makes_room_for_another(system: System, tab: Tab) -> None:
    await tab.show(start={}, remember="chat")
    await tab.until(LIVE)
    gone = await tab.do("view.id")
    async with system.http() as http:
        await http.delete(f"/v1/sessions/{gone}?purge=true")
        while (await http.get(f"/v1/sessions/{gone}")).status_code == 200:
            await asyncio.sleep(0.05)
    await tab.page.reload()
    await tab.until(f"{LIVE} && view.id !== '{gone}'")
    kept = json.loads(await tab.page.evaluate("sessionStorage.getItem('chat')"))
    assert kept["id"] == await tab.do("view.id")
    assert tab.starts == 2


async def test_a_session_that_cannot_be_started_says_so_and_is_tried_again(tab: Tab) -> None:
    async def refuse(route: "Route") -> None:
        await route.fulfill(status=403, json={"code": "forbidden_origin", "detail": "No."})

    await tab.page.route("**/v1/sessions", refuse)
    await tab.show(start={})
    assert await tab.until("view.problem?.code") == "forbidden_origin"
    assert await tab.do("[view.connection, view.id]") == ["closed", None]
    assert await tab.do("view.send('hello').catch(({ code }) => code)") == "not_started"
    assert tab.starts == 1
    await tab.page.unroute("**/v1/sessions")
    await tab.do("view.retry()")
    await tab.until(LIVE)
    assert await tab.do("view.problem") is None
    assert tab.starts == 2


async def test_what_is_being_started_is_not_started_again(tab: Tab) -> None:
    async def answer_late(route: "Route") -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    await tab.page.route("**/v1/sessions", answer_late)
    await tab.show(start={})
    await tab.until("view.connection === 'connecting'")
    await tab.page.evaluate("app.view.retry(), app.view.startAnew()")
    await tab.until(LIVE)
    assert tab.starts == 1


async def test_a_token_is_remembered_for_its_own_session(tab: Tab) -> None:
    async def authorization(session_id: str, **options: Any) -> str | None:
        await tell(tab.page, session_id, turn(1, "guide"))
        async with tab.page.expect_request(f"**/v1/sessions/{session_id}/events") as asked:
            await tab.show(remember="chat", **options)
        await tab.until("view.thread.length === 2")
        return (await (await asked.value).all_headers()).get("authorization")

    assert await authorization("mine", id="mine", token="secret") == "Bearer secret"
    assert await authorization("mine", id="mine") == "Bearer secret"
    assert await authorization("mine") == "Bearer secret"
    assert await authorization("other", id="other") is None


async def test_a_page_that_may_keep_nothing_has_its_session(tab: Tab) -> None:
    forbid = "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('forbidden') } })"
    await tab.page.add_init_script(forbid)
    await tab.show(start={}, remember="chat")
    await tab.until(LIVE)
    assert tab.starts == 1


async def test_a_session_is_left_for_another(tab: Tab) -> None:
    await tab.show(start={}, remember="chat")
    await tab.until(LIVE)
    await tab.do("view.send('hello')")
    await tab.until(ANSWERED)
    old = json.loads(await tab.page.evaluate("sessionStorage.getItem('chat')"))
    await tab.do("view.startAnew()")
    await tab.until(f"{LIVE} && view.id !== '{old['id']}'")
    assert await tab.texts() == []
    await tab.page.evaluate("(old) => app.show(old)", old)
    await tab.until(f"view.id === '{old['id']}' && {ANSWERED}")
    assert len(await tab.texts()) == 2
    assert len(tab.streams) == 1


async def test_nothing_is_followed_once_it_is_shown_no_more(tab: Tab) -> None:
    await tab.show(start={})
    await tab.until(LIVE)
    assert len(tab.streams) == 1
    await tab.page.evaluate("app.unmount()")
    async with asyncio.timeout(5):
        while tab.streams:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    assert not tab.streams


async def test_a_page_that_leaves_while_its_session_is_started_follows_nothing(tab: Tab) -> None:
    await tab.show(start={})
    await tab.page.evaluate("app.unmount()")
    await asyncio.sleep(0.5)
    assert not tab.streams
