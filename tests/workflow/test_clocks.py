"""Every clock of a session, on the real server with its time moved."""

from collections.abc import Callable
from typing import Any

Start = Callable[..., Any]


async def test_an_idle_session_is_warned_and_then_ends(talk: Start) -> None:
    session = await talk("hello", limits={"idle_timeout": 300})
    await session.until("turn.completed")
    await session.pass_time(241)
    warning = await session.until("session.ending_soon")
    assert warning["reason"] == "idle_timeout"
    assert not session.seen("session.ended")
    await session.pass_time(61)
    assert (await session.ended())["reason"] == "idle_timeout"


async def test_a_short_limit_warns_when_a_fifth_of_it_is_left(talk: Start) -> None:
    session = await talk(limits={"idle_timeout": 100})
    await session.until("session.started")
    await session.pass_time(79)
    await session.look()
    assert not session.seen("session.ending_soon")
    await session.pass_time(2)
    await session.until("session.ending_soon")


async def test_a_message_puts_the_idle_timeout_off(talk: Start) -> None:
    session = await talk("hello", limits={"idle_timeout": 300})
    await session.until("turn.completed")
    await session.pass_time(200)
    await session.say("still here", "m2")
    await session.until("turn.completed", turn=2)
    await session.pass_time(200)
    await session.look()
    assert not session.seen("session.ending_soon")
    assert (await session.snapshot())["status"] == "idle"


async def test_a_long_turn_is_never_idle(talk: Start, script: Start) -> None:
    await script(status=500)
    session = await talk("hello", limits={"idle_timeout": 10})
    await session.until("turn.retrying")
    await session.pass_time(6)
    await session.until("turn.completed")
    assert not session.seen("session.ending_soon")


async def test_max_duration_stops_the_running_turn_and_keeps_its_text(talk: Start, script: Start) -> None:
    await script(text="one two three four", stall_after=2, seconds=20)
    # While an activity runs, time cannot be moved.
    session = await talk("hello", limits={"max_duration": 2})
    ended = await session.ended()
    assert ended["reason"] == "max_duration"
    stopped = session.seen("message.completed")[0]
    assert stopped["status"] == "stopped"
    assert "one two three four".startswith(stopped["text"])
    kinds = session.kinds()
    assert kinds.index("turn.stopped") < kinds.index("session.ended")


async def test_a_pause_counts_for_no_clock(talk: Start) -> None:
    session = await talk(limits={"idle_timeout": 300, "max_duration": 600})
    await session.until("session.started")
    await session.pass_time(100)
    await session.signal("pause")
    await session.until("session.paused")
    await session.pass_time(10_000)
    snapshot = await session.snapshot()
    assert snapshot["status"] == "paused"
    assert snapshot["idle_at"] is None
    assert snapshot["ends_at"] is None
    assert 100 <= snapshot["active_seconds"] < 110
    await session.signal("resume")
    await session.until("session.resumed")
    await session.pass_time(301)
    ended = await session.ended()
    assert ended["reason"] == "idle_timeout"
    assert 400 <= ended["summary"]["active_seconds"] < 420


async def test_the_last_message_is_answered_and_the_next_refused(talk: Start) -> None:
    session = await talk("one", limits={"max_messages": 2})
    await session.until("turn.completed")
    await session.signal("pause")
    await session.until("session.paused")
    await session.say("two", "m2")
    await session.until("session.ending_soon", reason="max_messages")
    await session.say("three", "m3")
    await session.until("message.rejected", message_id="m3")
    await session.signal("resume")
    ended = await session.ended()
    assert ended["reason"] == "max_messages"
    assert [e["turn"] for e in session.seen("turn.completed")] == [1, 2]


async def test_new_limits_arm_the_clocks_anew(talk: Start) -> None:
    session = await talk(limits={"idle_timeout": 10_000})
    await session.until("session.started")
    changed = await session.handle.execute_update("update_session_now", {"limits": {"idle_timeout": 100}})
    assert changed["limits"]["idle_timeout"] == 100
    await session.pass_time(101)
    assert (await session.ended())["reason"] == "idle_timeout"
