"""The raw events of a session, with their cursors."""

import json
import re
from typing import Any

import pytest

from tests.console.chromium import quiet, shoot
from tests.console.person import Person, begun, expect
from tests.system import System

MANY = 5_000
MOST_SHOWN = 300
SNAPSHOT: dict[str, Any] = {
    "session_id": "many", "session_key": "MANY", "profile": "chat", "title": "Many events", "user_id": None,
    "status": "idle", "end_reason": None, "phase": None, "voice_state": None, "message_count": 0, "queued": 0,
    "limits": {"idle_timeout": None, "max_duration": None, "max_messages": None}, "queue": [], "turn": None,
    "usage": {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0}, "idle_at": None, "ends_at": None,
    "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "active_seconds": 0,
    "last_activity_at": "2026-01-01T00:00:00Z", "metadata": {}, "settings": {}, "workflow_id": "many",
}  # fmt: skip


def events(count: int) -> list[dict[str, Any]]:
    """A session that said this many things, and is over."""
    about = {"session_id": "many", "at": "2026-01-01T00:00:00Z", "turn": 1, "message_id": "a-1.1"}
    deltas = [
        {"type": "message.delta", **about, "offset": number * 5, "text": f"{number:04} "}
        for number in range(count - 3)
    ]
    started = {"type": "turn.started", **about, "agent": "assistant", "message_ids": []}
    ended = {"type": "session.ended", **about, "reason": "completed", "summary": {}}
    return [{"type": "session.started", **about, "session": SNAPSHOT}, started, *deltas, ended]


def framed(told: list[dict[str, Any]]) -> str:
    return "".join(f"id: {number}\ndata: {json.dumps(event)}\n\n" for number, event in enumerate(told, 1))


async def cursors(person: Person) -> list[str]:
    found: list[str] = await person.page.evaluate(
        "[...document.querySelectorAll('[aria-label^=Events] code')].map(({ textContent }) => textContent)"
    )
    return found


async def test_events_are_told_with_their_cursors(system: System, person: Person) -> None:
    await person.visit(await begun(system, message={"content": "hello"}))
    await person.settled()
    await person.button("Events").click()
    await expect(person.page.get_by_role("region", name="Conversation")).to_be_hidden()
    rows = person.page.get_by_role("list", name="Events, the newest first")
    await expect(rows.get_by_role("listitem").last).to_contain_text("session.started")
    async with system.http(headers={"Accept": "application/json"}) as http:
        page = (await http.get(f"/v1/sessions/{person.session_id}/events")).json()
    right = [event["cursor"] for event in page["events"]]
    await person.until(f"document.querySelectorAll('[aria-label^=Events] code').length >= {len(right)}")
    assert await cursors(person) == right[::-1]
    await expect(person.page.get_by_text(f"{len(right)} events; {len(right)} shown")).to_be_visible()
    await shoot(person.page, "events")
    row = rows.get_by_role("listitem").filter(has_text="message.completed")
    await row.locator("summary").click()
    await expect(row.locator("pre")).to_contain_text("message.completed")
    whole = json.loads(await row.locator("pre").text_content() or "")
    assert whole["type"] == "message.completed"
    assert whole["text"].startswith("Hello")
    await quiet(person.page)


async def test_events_are_filtered_and_go_on(system: System, person: Person) -> None:
    await person.visit(await begun(system, message={"content": "hello"}))
    await person.settled()
    await person.button("Events").click()
    search = person.page.get_by_role("searchbox", name="Filter events")
    rows = person.page.get_by_role("list", name="Events, the newest first").get_by_role("listitem")
    await search.fill("turn.")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("turn.completed")
    [newest, _] = await cursors(person)
    await person.write("and again")
    await expect(rows).to_have_count(4)
    await search.fill(newest)
    await expect(rows).to_have_count(1)
    await search.fill("nothing like that")
    await expect(rows).to_have_count(0)
    await search.fill("")
    await expect(rows.last).to_contain_text("session.started")
    assert await cursors(person) == sorted(await cursors(person), key=len_and_text, reverse=True)
    await person.button("Conversation").click()
    await expect(person.answer()).to_be_visible()
    await quiet(person.page)


def len_and_text(cursor: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", cursor)]


@pytest.mark.parametrize("count", [MANY, 3 * MANY])
async def test_many_events_stay_bounded(person: Person, count: int) -> None:
    body = framed(events(count))
    await person.page.route(
        "**/v1/sessions/many/events**",
        lambda route: route.fulfill(body=body, content_type="text/event-stream"),
    )
    await person.page.route("**/v1/sessions/many", lambda route: route.fulfill(json=SNAPSHOT))
    await person.visit("many")
    await expect(person.status()).to_have_text("closed")
    await person.button("Events").click()
    await expect(
        person.page.get_by_text(f"{count:,} events; {MOST_SHOWN} shown, the newest first")
    ).to_be_visible()
    assert await cursors(person) == [str(number) for number in range(count, count - MOST_SHOWN, -1)]
    search = person.page.get_by_role("searchbox", name="Filter events")
    await search.fill(str(count - 4_000))
    assert await cursors(person) == [str(count - 4_000)]
    if count > 2 * MANY:
        await search.fill("2")
        assert await cursors(person) == []
    await quiet(person.page)
