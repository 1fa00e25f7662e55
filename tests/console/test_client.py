"""The browser's library against a real system that is killed and emptied under it."""

import asyncio
from typing import Any

import pytest

from tests.console.browser import Browser, Page, RefusedError, open_page, start
from tests.console.node import node
from tests.system import System

node()

TOKENS = 150
WORDS = "".join(f"w{number} " for number in range(TOKENS))
SAID = "state.messages.findLast(({ role }) => role === 'assistant')"
ANSWERED = f"{SAID}?.status === 'complete' && state.turn === null"
SPEAKING = f"{SAID}?.end > 100"


async def speaking(system: System, browser: Browser) -> Page:
    """A page on a session whose answer is under way."""
    await system.script(tokens=TOKENS, tokens_per_second=60, contains="go")
    page = await start(browser, message={"content": "go"})
    await page.until(SPEAKING)
    return page


def texts(state: dict[str, Any]) -> list[str]:
    return [message["text"] for message in state["messages"]]


async def held_one_copy(page: Page) -> None:
    """Whatever was shown was the beginning of the answer."""
    for shown in await page.seen():
        assert all(WORDS.startswith(said) for said in shown["said"]), shown
        assert len(shown["said"]) <= 1


async def test_a_session_is_started_and_answers(browser: Browser) -> None:
    page = await start(browser, title="Greeting", metadata={"from": "a page"})
    assert (await page.state())["session"]["title"] == "Greeting"
    taken = await page.do("send", "hello")
    state = await page.until(ANSWERED)
    user, assistant = state["messages"]
    assert (user["messageId"], user["role"], user["text"]) == (taken["message_id"], "user", "hello")
    assert (assistant["status"], assistant["turn"], assistant["agent"]) == ("complete", 1, "assistant")
    assert assistant["end"] == len(assistant["text"])
    assert (state["connection"], state["outbox"], state["waiting"]) == ("live", [], [])
    transcript = await page.do("transcript", {"order": "desc", "limit": 1})
    assert transcript["items"][0]["content"] == assistant["text"]
    assert transcript["next_cursor"]


async def test_every_event_is_heard_as_it_came(browser: Browser) -> None:
    page = await start(browser, message={"content": "hello"})
    state = await page.until(f"{ANSWERED} && state.session.status === 'idle'")
    heard = await browser.call("heard", page.name)
    assert heard[0][0] == "session.started"
    kinds = {kind for kind, _ in heard}
    assert {"message.accepted", "turn.started", "message.delta", "turn.completed"} <= kinds
    assert len({cursor for _, cursor in heard}) == len(heard)
    assert heard[-1][1] == state["cursor"]


async def test_what_happens_in_all_sessions_is_told_again_after_the_api_was_killed(
    system: System, browser: Browser
) -> None:
    await browser.call("listen")
    await fed(browser, "connections", "live", times=1)
    page = await start(browser, title="first")
    await fed(browser, "events", ["session.started", page.session_id])
    system.parts["api"].kill()
    await fed(browser, "connections", "waiting")
    system.restart("api")
    await fed(browser, "connections", "live", times=2)
    await page.do("close")
    await fed(browser, "events", ["session.ended", page.session_id])


async def fed(browser: Browser, what: str, told: Any, times: int = 1) -> None:
    """Until the feed of all sessions has told this so often."""
    async with asyncio.timeout(20):
        while (await browser.call("fed"))[what].count(told) < times:
            await asyncio.sleep(0.05)


async def test_an_answer_is_stopped(system: System, browser: Browser) -> None:
    page = await speaking(system, browser)
    await page.do("stop")
    state = await page.until(f"{SAID}.status === 'stopped' && state.turn === null")
    said = texts(state)[1]
    assert WORDS.startswith(said)
    assert 100 < len(said) < len(WORDS)


async def test_an_api_that_is_killed_in_the_middle_of_an_answer_costs_no_word(
    system: System, browser: Browser
) -> None:
    page = await speaking(system, browser)
    system.parts["api"].kill()
    waiting = await page.until("state.connection === 'waiting'")
    assert waiting["nextAttemptAt"] > 0
    assert waiting["problem"]["code"] == "unreachable"
    system.restart("api")
    state = await page.until(ANSWERED)
    assert texts(state) == ["go", WORDS]
    assert (state["connection"], state["problem"], state["nextAttemptAt"]) == ("live", None, None)
    await held_one_copy(page)


async def test_a_store_that_is_emptied_is_a_reset(system: System, browser: Browser) -> None:
    page = await speaking(system, browser)
    redis = system.redis()
    await redis.flushall()
    await redis.aclose()
    state = await page.until(ANSWERED)
    assert texts(state) == ["go", WORDS]
    await held_one_copy(page)
    await page.do("send", "hello")
    assert len((await page.until(f"{ANSWERED} && state.messages.length === 4"))["messages"]) == 4


async def test_a_message_is_shown_at_once_and_sent_until_it_is_taken(
    system: System, browser: Browser
) -> None:
    page = await start(browser)
    await page.until("state.connection === 'live'")
    system.parts["api"].kill()
    sending = [asyncio.create_task(page.do("send", text)) for text in ("first", "second")]
    pending = (await page.until("state.outbox.length === 2"))["outbox"]
    assert [(one["text"], one["status"], one["problem"]) for one in pending] == [
        ("first", "pending", None), ("second", "pending", None),
    ]  # fmt: skip
    await asyncio.sleep(0.5)
    system.restart("api")
    taken = await asyncio.gather(*sending)
    state = await page.until(f"{ANSWERED} && state.messages.filter((m) => m.role === 'user').length === 2")
    assert [m["messageId"] for m in state["messages"] if m["role"] == "user"] == [
        one["message_id"] for one in taken
    ]
    assert state["outbox"] == []


async def test_a_message_to_nobody_who_listens_is_confirmed(browser: Browser) -> None:
    page = await start(browser)
    await page.do("disconnect")
    assert (await page.state())["connection"] == "closed"
    await page.do("send", "hello", {"messageId": "mine"})
    outbox = (await page.state())["outbox"]
    assert [(one["messageId"], one["status"]) for one in outbox] == [("mine", "confirmed")]
    await page.do("connect")
    state = await page.until(ANSWERED)
    assert (state["messages"][0]["messageId"], state["outbox"]) == ("mine", [])


async def test_a_message_that_is_sent_twice_is_one(browser: Browser) -> None:
    page = await start(browser)
    for _ in range(2):
        await page.do("send", "hello", {"messageId": "once"})
        state = await page.until(ANSWERED)
        assert (len(state["messages"]), state["outbox"]) == (2, [])


async def test_a_closed_session_rejects_a_message(browser: Browser) -> None:
    page = await start(browser)
    await page.do("close")
    state = await page.until("state.connection === 'closed'")
    assert (state["endReason"], state["session"]["status"], state["problem"]) == (
        "user_ended",
        "closed",
        None,
    )
    with pytest.raises(RefusedError) as refusal:
        await page.do("send", "too late", {"messageId": "late"})
    assert (refusal.value.status, refusal.value.code) == (409, "session_closed")
    [refused] = (await page.state())["outbox"]
    assert (refused["text"], refused["status"], refused["problem"]["code"]) == (
        "too late", "rejected", "session_closed",
    )  # fmt: skip
    assert "pending" in (await page.seen())[-2]["outbox"] + (await page.seen())[-1]["outbox"]
    await page.do("withdraw", "late")
    assert (await page.state())["outbox"] == []
    await page.do("connect")
    assert (await page.state())["connection"] == "closed"


async def test_a_refused_field_is_named(browser: Browser) -> None:
    page = await start(browser)
    with pytest.raises(RefusedError) as refusal:
        await page.do("send", "hello", {"settings": {"effort": "heroic"}})
    assert (refusal.value.status, refusal.value.code) == (422, "invalid_request")
    assert refusal.value.problem["errors"]
    assert (await page.state())["outbox"][0]["status"] == "rejected"


async def test_a_message_waits_and_is_withdrawn(browser: Browser) -> None:
    page = await start(browser)
    await page.do("pause")
    await page.until("state.session.status === 'paused'")
    await page.do("send", "one", {"messageId": "one"})
    await page.do("send", "two", {"messageId": "two", "delivery": "queue"})
    waiting = (await page.until("state.waiting.length === 2"))["waiting"]
    assert [(one["text"], one["delivery"], one["isOwn"]) for one in waiting] == [
        ("one", "steer", True), ("two", "queue", True),
    ]  # fmt: skip
    await page.do("withdraw", "one")
    await page.until("state.waiting.length === 1")
    await page.do("resume")
    assert texts(await page.until(ANSWERED))[0] == "two"
    with pytest.raises(RefusedError) as refusal:
        await page.do("withdraw", "two")
    assert refusal.value.status == 409


async def test_own_messages_that_a_session_cannot_take_any_more_come_back(browser: Browser) -> None:
    page = await start(browser)
    await page.do("pause")
    await page.do("send", "never", {"messageId": "never"})
    await page.until("state.waiting.length === 1")
    await page.do("close")
    state = await page.until("state.connection === 'closed'")
    assert (state["waiting"], state["messages"]) == ([], [])
    [refused] = state["outbox"]
    assert (refused["text"], refused["status"], refused["problem"]["code"]) == (
        "never", "rejected", "session_closed",
    )  # fmt: skip


async def test_a_session_is_changed_listed_and_read(browser: Browser) -> None:
    page = await start(browser)
    changed = await page.do("update", {"title": "Anew", "limits": {"max_messages": 5}})
    assert changed["limits"]["max_messages"] == 5
    await page.until("state.session.title === 'Anew'")
    found = await browser.call("list", "", {"q": changed["session_key"], "status": "idle,active"})
    assert page.session_id in {session["session_id"] for session in found["items"]}
    await page.do("send", "hello")
    await page.until(ANSWERED)
    await page.do("refresh")
    assert (await page.state())["session"]["usage"]["output_tokens"] > 0


async def test_what_events_do_not_tell_is_read_soon_after_them(browser: Browser) -> None:
    page = await start(browser)
    await page.do("send", "hello")
    await page.until(ANSWERED)
    state = await page.until("state.session.usage.output_tokens > 0 && state.session.idle_at")
    assert state["session"]["message_count"] == 1


async def test_a_session_is_opened_by_its_key_and_told_from_the_beginning(browser: Browser) -> None:
    page = await start(browser, message={"content": "hello"})
    before = await page.until(ANSWERED)
    other = await open_page(browser, before["session"]["session_key"])
    await other.do("connect")
    assert texts(await other.until(ANSWERED)) == texts(before)
    await page.do("close")
    assert (await other.until("state.connection === 'closed'"))["endReason"] == "user_ended"


async def test_a_voice_is_heard_and_interrupted(system: System, browser: Browser) -> None:
    await system.script(text=" ".join(f"This is sentence number {n}." for n in range(4)))
    page = await start(browser, profile="voice")
    await page.do("listening", True)
    assert (await page.until("state.voice.state === 'listening'"))["voice"]["interruption"] is None
    await page.do("send", "go")
    state = await page.until("state.speech.length === 4 && state.turn === null")
    assert [(s["index"], s["turn"], s["text"]) for s in state["speech"]] == [
        (n, 1, f"This is sentence number {n}.") for n in range(4)
    ]
    assert state["sentences"] == 4
    audio = await page.do("audio", state["speech"][0]["audioId"])
    assert (audio["type"], audio["head"]) == ("audio/wav", "RIFF")
    assert audio["size"] > 10_000
    place = {"turn": 1, "sentence_index": 1, "played_ms": 0}
    await page.do("playback", {**place, "state": "started"})
    await page.until("state.voice.state === 'speaking'")
    await page.do("bargeIn", place)
    await page.until("state.voice.state === 'barged_in' && state.voice.interruption !== null")
    await page.do("takeBack")
    assert (await page.until("state.voice.state === 'speaking'"))["voice"]["interruption"] is None
    await page.do("bargeIn", place)
    state = await page.until(f"{SAID}.text === 'This is sentence number 0.'")
    assert state["voice"]["interruption"]["heardText"] == "This is sentence number 0."


async def test_audio_that_there_is_not_is_a_problem(browser: Browser) -> None:
    page = await start(browser)
    with pytest.raises(RefusedError) as refusal:
        await page.do("audio", "none/such")
    assert refusal.value.status == 404
