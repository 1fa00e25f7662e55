"""What a message does while a turn runs, and what stops one."""

from collections.abc import Callable
from typing import Any

Start = Callable[..., Any]

SLOW = {"tokens": 400, "tokens_per_second": 200}


async def test_a_second_message_remembers_the_first(talk: Start, calls: Start) -> None:
    session = await talk("My name is Ada.")
    await session.until("turn.completed")
    await session.say("What is my name?", "m2")
    await session.until("turn.completed", turn=2)
    assert "Ada" in session.seen("message.completed")[1]["text"]
    first, second = await calls()
    assert "previous_response_id" not in first
    assert second["previous_response_id"]
    assert len(second["input"]) == 1


async def test_the_same_message_twice_is_one_turn(talk: Start) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    await session.say("again", "m2")
    await session.say("changed", "m2")
    await session.say("after", "m3", delivery="queue")
    await session.until("turn.completed", turn=3)
    assert [e["content"] for e in session.seen("message.accepted")] == ["hello", "again", "after"]


async def test_steers_that_waited_start_one_turn_together_and_queued_ones_their_own(
    talk: Start, script: Start, calls: Start
) -> None:
    await script(**SLOW)
    session = await talk("go")
    await session.until("message.delta")
    await session.say("queued", "q1", delivery="queue")
    await session.say("steer one", "s1")
    await session.say("steer two", "s2")
    await session.until("turn.completed", turn=3)
    started = [tuple(e["message_ids"]) for e in session.seen("turn.started")]
    assert started == [("first",), ("s1", "s2"), ("q1",)]
    assert [item["content"] for item in (await calls())[1]["input"]] == ["steer one", "steer two"]


async def test_an_interrupt_stops_the_turn_and_goes_first(talk: Start, script: Start, calls: Start) -> None:
    await script(**SLOW)
    session = await talk("go")
    await session.until("message.delta")
    await session.say("later", "q1", delivery="queue")
    await session.say("now!", "i1", delivery="interrupt")
    await session.until("turn.completed", turn=3)
    assert session.seen("turn.stopped")[0]["reason"] == "interrupted"
    assert [e["message_ids"] for e in session.seen("turn.started")] == [["first"], ["i1"], ["q1"]]
    partial = session.seen("message.completed")[0]
    assert partial["status"] == "stopped"
    second = (await calls())[1]
    assert [item["content"] for item in second["input"]] == ["go", partial["text"], "now!"]


async def test_a_stop_keeps_exactly_what_was_shown(talk: Start, script: Start) -> None:
    await script(**SLOW)
    session = await talk("go")
    await session.until("message.delta")
    await session.signal("stop_turn")
    await session.until("turn.stopped", reason="stopped")
    shown = "".join(e["text"] for e in session.seen("message.delta"))
    completed = session.seen("message.completed")[0]
    assert completed["text"] == shown
    assert completed["status"] == "stopped"
    transcript = await session.query("transcript")
    assert [m["content"] for m in transcript] == ["go", shown]
    await session.say("and now", "m2")
    await session.until("turn.completed", turn=2)


async def test_a_stop_reaches_a_silent_provider(talk: Start, script: Start, model: Any) -> None:
    await script(text="never said", first_token_delay=60)
    session = await talk("go")
    await session.until("turn.started")
    await session.signal("stop_turn")
    await session.until("turn.stopped")
    assert not session.seen("message.delta")
    assert not session.seen("message.completed")


async def test_a_pause_lets_the_turn_finish_and_starts_no_other(talk: Start, script: Start) -> None:
    await script(tokens=100, tokens_per_second=200)
    session = await talk("go")
    await session.until("message.delta")
    await session.signal("pause")
    await session.say("later", "m2")
    await session.until("turn.completed", turn=1)
    await session.until("session.status_changed", new="paused")
    assert (await session.snapshot())["queued"] == 1
    assert len(session.seen("turn.started")) == 1
    await session.signal("resume")
    await session.until("turn.completed", turn=2)


async def test_a_message_that_waits_can_be_withdrawn(talk: Start, script: Start) -> None:
    await script(**SLOW)
    session = await talk("go")
    await session.until("message.delta")
    await session.say("never mind", "m2")
    await session.until("message.accepted", message_id="m2")
    await session.handle.execute_update("withdraw_message_now", {"message_id": "m2"})
    await session.until("message.withdrawn", message_id="m2")
    await session.until("turn.completed", turn=1)
    await session.say("then this", "m3")
    await session.until("turn.completed", turn=2)
    assert session.seen("turn.started")[1]["message_ids"] == ["m3"]


async def test_closing_stops_rejects_and_ends(talk: Start, script: Start) -> None:
    await script(**SLOW)
    session = await talk("go")
    await session.until("message.delta")
    await session.say("waits", "m2")
    await session.signal("close")
    ended = await session.ended()
    assert ended["reason"] == "user_ended"
    assert session.seen("message.rejected")[0]["message_id"] == "m2"
    assert session.kinds()[-2:] == ["session.status_changed", "session.ended"]


async def test_malformed_signals_never_fail_the_session(talk: Start) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    payloads: list[Any] = [None, 7, "text", [], {"content": ""}, {"content": 3}, {"content": "x", "extra": 1}]
    for payload in payloads:
        await session.handle.signal("send_message", payload)
    await session.handle.signal("send_message", {"content": "x" * 40_000, "message_id": "huge"})
    await session.handle.signal("pause", {"nonsense": True})
    await session.handle.signal("no_such_signal", {"a": 1})
    await session.handle.signal("stop_turn")
    await session.say("alive?", "m2")
    await session.until("turn.completed", turn=2)
    assert session.seen("message.rejected", message_id="huge")
    assert len(session.seen("message.rejected")) == 8
    assert not session.seen("session.paused")
