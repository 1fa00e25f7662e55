"""What a session's turns count, with a real workflow and a real worker."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from tests.counts import Counting
from tests.replayer import REPLAYER
from workflows.contract.profile import CallMode

Start = Callable[..., Any]


@pytest.fixture
def counting() -> Counting:
    return Counting()


async def grown(counting: Counting, count: float, name: str, **labels: str) -> None:
    """Wait until a series has grown by `count`: a result reaches viewers before it is counted."""
    give_up = monotonic() + 10
    while counting.of(name, **labels) < count:
        assert monotonic() < give_up, (name, labels)
        await asyncio.sleep(0.02)
    assert counting.of(name, **labels) == count


@pytest.mark.parametrize("mode", list(CallMode))
async def test_a_turn_counts_one_step_and_its_tokens(talk: Start, counting: Counting, mode: CallMode) -> None:
    session = await talk("hello", mode=mode)
    usage = (await session.until("turn.completed"))["usage"]
    await grown(counting, 1, "perdure_turns_total", outcome="completed")
    await grown(counting, 1, "perdure_steps_total", mode=mode, outcome="complete")
    assert counting.of("perdure_steps_total") == 1
    assert usage["output_tokens"] > 0
    for kind in ("input", "output", "cached"):
        assert counting.of("perdure_tokens_total", kind=kind) == usage[f"{kind}_tokens"]
    assert counting.of("perdure_retries_total") == 0
    assert counting.of("perdure_orphaned_generations_total") == 0


async def test_a_stop_counts_a_stopped_turn_and_an_orphan(
    talk: Start, script: Start, counting: Counting
) -> None:
    await script(tokens=500, tokens_per_second=50)
    session = await talk("hello")
    await session.until("message.delta")
    assert counting.of("perdure_steps_running") == 1
    await session.signal("stop_turn")
    await session.until("turn.stopped")
    await grown(counting, 1, "perdure_turns_total", outcome="stopped")
    await grown(counting, 1, "perdure_steps_total", mode="background", outcome="stopped")
    assert counting.of("perdure_orphaned_generations_total", kind="given_up") == 1
    assert counting.of("perdure_steps_running") == 0


async def test_a_providers_failure_counts_a_failed_step_and_a_retry(
    talk: Start, script: Start, counting: Counting
) -> None:
    await script(status=429, retry_after=1)
    session = await talk("hello")
    await session.until("turn.retrying")
    await session.pass_time(6)
    await session.until("turn.completed")
    await grown(counting, 1, "perdure_turns_total", outcome="completed")
    assert counting.of("perdure_retries_total", kind="rate_limited") == 1
    assert counting.of("perdure_retries_total") == 1
    assert counting.of("perdure_steps_total", outcome="failed") == 1
    assert counting.of("perdure_orphaned_generations_total") == 0


async def test_a_failed_turn_counts(talk: Start, script: Start, counting: Counting) -> None:
    await script(status=401)
    session = await talk("hello")
    await session.until("turn.failed")
    await grown(counting, 1, "perdure_turns_total", outcome="failed")
    assert counting.of("perdure_retries_total") == 0


async def test_a_broken_answer_counts_as_superseded_where_it_cannot_be_resumed(
    talk: Start, script: Start, counting: Counting
) -> None:
    await script(text="one two three four", cut_after=2, tokens_per_second=20)
    await script(text="five six seven")
    session = await talk("hello", mode=CallMode.PLAIN)
    await session.until("turn.retrying")
    await session.pass_time(6)
    await session.until("turn.completed")
    assert counting.of("perdure_superseded_answers_total") == 1
    assert counting.of("perdure_orphaned_generations_total", kind="superseded") == 1
    assert counting.of("perdure_orphaned_generations_total") == 1


async def test_a_failed_response_is_forgotten_and_a_resumed_one_is_no_orphan(
    talk: Start, script: Start, counting: Counting
) -> None:
    await script(text="one two three", cut_after=1)
    session = await talk("hello")
    await session.until("turn.completed")
    assert counting.of("perdure_orphaned_generations_total") == 0
    await script(text="one two three", fail_after=1)
    await session.say("again", "m2")
    await session.until("turn.retrying")
    await session.pass_time(6)
    await session.until("turn.completed", 2)
    assert counting.of("perdure_orphaned_generations_total", kind="forgotten") == 1
    assert counting.of("perdure_orphaned_generations_total") == 1


async def test_replay_counts_nothing(talk: Start, counting: Counting) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    await grown(counting, 1, "perdure_turns_total")
    queued = counting.of("perdure_queue_length_messages_count")
    for _ in range(3):
        await session.snapshot()
    await REPLAYER.replay_workflow(await session.handle.fetch_history())
    assert counting.of("perdure_turns_total") == 1
    assert counting.of("perdure_queue_length_messages_count") == queued == 1
