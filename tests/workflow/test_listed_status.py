"""What the engine's list shows of turns: those that last, soon, and what each costs."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from workflows.contract.wire import STATUS_ATTRIBUTE

Start = Callable[..., Any]
PATIENCE = 10.0


async def listed(session: Any) -> str | None:
    status: str | None = (await session.handle.describe()).typed_search_attributes.get(STATUS_ATTRIBUTE)
    return status


async def until_listed(session: Any, status: str) -> None:
    give_up = monotonic() + PATIENCE
    while (found := await listed(session)) != status:
        assert monotonic() < give_up, f"{found} is listed, not {status}"
        await asyncio.sleep(0.02)


async def changes(session: Any) -> int:
    history = await session.handle.fetch_history()
    return sum(
        event.HasField("upsert_workflow_search_attributes_event_attributes") for event in history.events
    )


async def test_a_turn_is_listed_and_after_a_short_one_only_if_it_lasts(talk: Start, script: Start) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    await until_listed(session, "idle")
    assert await changes(session) == 2
    await session.say("again", "m2")
    await session.until("turn.completed", turn=2)
    assert await changes(session) == 2
    await script(text="one two three four", stall_after=2, seconds=20)
    await session.say("and now for long", "m3")
    await session.until("message.delta", turn=3)
    assert await listed(session) == "idle"
    await until_listed(session, "active")
    await session.signal("stop_turn")
    await session.until("turn.stopped", turn=3)
    await until_listed(session, "idle")
    await session.say("long again, as far as anybody knows", "m4")
    await session.until("turn.completed", turn=4)
    await until_listed(session, "idle")
    assert await changes(session) == 6


async def test_a_session_of_an_earlier_release_lists_each_turn(talk: Start) -> None:
    session = await talk("hello", listed_after=None)
    await session.until("turn.completed")
    await session.say("again", "m2")
    await session.until("turn.completed", turn=2)
    await until_listed(session, "idle")
    assert await changes(session) == 4


async def test_the_end_is_listed(talk: Start) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    await session.signal("close")
    await session.ended()
    assert await listed(session) == "closed"
