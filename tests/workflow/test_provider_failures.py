"""What a session makes of a provider that fails."""

from collections.abc import Callable
from typing import Any

import pytest

from workflows.contract.profile import CallMode
from workflows.contract.start import RetrySchedule

Start = Callable[..., Any]


async def test_retry_after_is_honoured_by_a_durable_timer(talk: Start, script: Start) -> None:
    await script(status=429, retry_after=120)
    session = await talk("hello")
    retrying = await session.until("turn.retrying")
    assert retrying["reason"] == "rate_limited"
    assert retrying["attempt"] == 2
    await session.pass_time(100)
    await session.look()
    assert not session.seen("message.delta")
    await session.pass_time(21)
    await session.until("turn.completed")
    history = await session.handle.fetch_history()
    names = [
        event.user_metadata.summary.data.decode()
        for event in history.events
        if event.user_metadata.summary.data
    ]
    assert any("retry 1: rate_limited" in name for name in names)
    assert any("turn 1 · assistant · step 1" in name for name in names)


async def test_a_broken_answer_is_superseded_where_it_cannot_be_resumed(talk: Start, script: Start) -> None:
    await script(text="one two three four", cut_after=2, tokens_per_second=20)
    await script(text="five six seven")
    session = await talk("hello", mode=CallMode.PLAIN)
    await session.until("turn.retrying")
    await session.pass_time(6)
    await session.until("turn.completed")
    assert len(session.seen("turn.superseded")) == 1
    assert session.held.messages["a-1.1"].text == "five six seven"


@pytest.mark.parametrize(
    "fault", [{"cut_after": 3}, {"end_after": 3}, {"malformed_after": 3}, {"cut_after": 0}]
)
async def test_a_background_answer_is_resumed_and_paid_once(
    talk: Start, script: Start, calls: Start, fault: dict[str, int]
) -> None:
    await script(text="one two three four five six seven", **fault)
    session = await talk("hello")
    await session.until("turn.completed")
    assert not session.seen("turn.superseded")
    assert not session.seen("turn.retrying")
    assert session.seen("message.completed")[0]["text"] == "one two three four five six seven"
    assert len(await calls()) == 1


@pytest.mark.parametrize("mode", [CallMode.PLAIN, CallMode.STATELESS])
@pytest.mark.parametrize("fault", [{"end_after": 3}, {"malformed_after": 3}, {"fail_after": 3}])
async def test_a_stream_without_an_end_is_no_answer(
    talk: Start, script: Start, fault: dict[str, int], mode: CallMode
) -> None:
    await script(text="one two three four five six seven", **fault)
    await script(text="whole")
    session = await talk("hello", mode=mode)
    await session.until("turn.retrying")
    await session.pass_time(6)
    await session.until("turn.completed")
    assert session.seen("message.completed")[0]["text"] == "whole"


async def test_a_terminal_failure_fails_the_turn_and_the_session_lives(talk: Start, script: Start) -> None:
    await script(status=401)
    session = await talk("hello")
    failed = await session.until("turn.failed")
    assert failed["error"]["code"] == "authentication"
    assert "OPENAI_API_KEY" in failed["error"]["message"]
    await session.say("again", "m2")
    await session.until("turn.completed", turn=2)


async def test_retries_end(talk: Start, script: Start) -> None:
    await script(status=500, times=None)
    session = await talk("hello", retries=RetrySchedule(initial=5, maximum=10, total=30))
    for attempt in range(3):
        await session.until("turn.retrying", times=attempt + 1)
        await session.pass_time(11)
    failed = await session.until("turn.failed")
    assert failed["error"]["code"] == "server_error"


async def test_a_stop_ends_a_retry_wait_and_keeps_what_was_shown(talk: Start, script: Start) -> None:
    await script(text="one two three four", cut_after=2, tokens_per_second=20)
    session = await talk("hello", mode=CallMode.PLAIN)
    await session.until("turn.retrying")
    await session.signal("stop_turn")
    await session.until("turn.stopped")
    completed = session.seen("message.completed")[0]
    assert completed["status"] == "stopped"
    assert completed["text"] == session.held.messages["a-1.1"].text != ""


async def test_exhausted_retries_keep_what_was_shown(talk: Start, script: Start) -> None:
    await script(text="one two three four", cut_after=2, tokens_per_second=20)
    session = await talk("hello", mode=CallMode.PLAIN, retries=RetrySchedule(total=1))
    await session.until("turn.failed")
    completed = session.seen("message.completed")[0]
    assert completed["status"] == "failed"
    assert completed["text"]


async def test_a_steer_joins_the_next_attempt_while_a_retry_waits(
    talk: Start, script: Start, calls: Start
) -> None:
    await script(status=503)
    session = await talk("one")
    await session.until("turn.retrying")
    await session.say("two", "m2")
    await session.until("message.accepted", message_id="m2")
    await session.pass_time(6)
    await session.until("turn.completed")
    assert session.seen("message.injected", message_id="m2", turn=1)
    assert [item["content"] for item in (await calls())[-1]["input"]] == ["one", "two"]


async def test_a_steer_is_heard_although_an_answer_was_under_way(
    talk: Start, script: Start, calls: Start
) -> None:
    await script(text="never heard of two", cut_after=0)
    await script(on="retrieve", status=500, times=3)
    session = await talk("one")
    await session.until("turn.retrying")
    assert not session.seen("message.delta")
    await session.say("two", "m2")
    await session.until("message.accepted", message_id="m2")
    await session.pass_time(6)
    await session.until("turn.completed")
    assert session.seen("message.injected", message_id="m2", turn=1)
    assert [item["content"] for item in (await calls())[-1]["input"]] == ["one", "two"]


async def test_a_forgotten_response_costs_no_context(talk: Start, script: Start, calls: Start) -> None:
    session = await talk("My name is Ada.")
    await session.until("turn.completed")
    await script(forget=True)
    await session.say("What is my name?", "m2")
    await session.until("turn.completed", turn=2)
    assert "Ada" in session.seen("message.completed")[1]["text"]
    last = (await calls())[-1]
    assert "previous_response_id" not in last
    assert len(last["input"]) == 3


async def test_a_stateless_profile_sends_the_transcript(talk: Start, calls: Start) -> None:
    session = await talk("My name is Ada.", mode=CallMode.STATELESS)
    await session.until("turn.completed")
    await session.say("What is my name?", "m2")
    await session.until("turn.completed", turn=2)
    second = (await calls())[1]
    assert second["store"] is False
    assert len(second["input"]) == 3
    assert "Ada" in session.seen("message.completed")[1]["text"]


async def test_a_connection_that_gave_its_answer_serves_the_next_turn(talk: Start, requests: Start) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    await session.say("again", "second")
    await session.until("turn.completed", 2)
    first, second = await requests()
    assert first["connection"] == second["connection"]
