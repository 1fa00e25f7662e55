"""A session that outgrows its history, under a stream of messages."""

import asyncio
from collections.abc import Callable
from typing import Any

Start = Callable[..., Any]


async def test_no_message_is_lost_or_doubled_across_runs(talk: Start) -> None:
    session = await talk("start", history_limit=60)
    first_run = (await session.handle.describe()).run_id
    for number in range(40):
        await session.say(f"message {number}", f"m{number}", delivery="queue")
        await asyncio.sleep(0.02)
    await session.until("turn.completed", turn=41)
    started = [e["message_ids"] for e in session.seen("turn.started")]
    assert started == [["first"], *([f"m{number}"] for number in range(40))]
    assert (await session.handle.describe()).run_id != first_run
    await session.say("again", "m39")
    await session.say("new", "m40")
    await session.until("turn.completed", turn=42)
    assert not session.seen("message.accepted", message_id="again")
    await session.signal("close")
    ended = await session.ended()
    assert ended["summary"]["messages"] == 42
    assert ended["summary"]["turns"] == 42


async def test_clocks_and_pauses_cross_runs(talk: Start) -> None:
    session = await talk("start", history_limit=20, limits={"idle_timeout": 300, "max_duration": 1000})
    await session.until("turn.completed")
    await session.pass_time(200)
    for number in range(4):
        await session.say("more", f"m{number}")
        await session.until("turn.completed", turn=number + 2)
    await session.pass_time(301)
    ended = await session.ended()
    assert ended["reason"] == "idle_timeout"
    assert 500 <= ended["summary"]["active_seconds"] < 520


async def test_a_retry_wait_crosses_runs(talk: Start, script: Start) -> None:
    session = await talk("start", history_limit=25)
    await session.until("turn.completed")
    await script(status=500)
    await session.say("again", "m2")
    await session.until("turn.retrying")
    for number in range(6):
        await session.say("waits", f"q{number}", delivery="queue")
    await session.until("message.accepted", message_id="q5")
    await session.pass_time(6)
    await session.until("turn.completed", turn=8)
