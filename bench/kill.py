"""A worker killed in the middle of an answer: how long viewers wait, what is lost, and what is paid."""

import asyncio
import random
from contextlib import aclosing
from time import perf_counter

from bench.figures import Row, percentile
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import events
from workflows.contract.start import HEARTBEAT_TIMEOUT

KILLS = 20
TOKENS = 240
TOKENS_PER_SECOND = 60
TARGET_SECONDS = 4.0


async def measure(system: System, heartbeat_seconds: float) -> Row:
    await system.forget_model_calls()
    await system.script(tokens=TOKENS, tokens_per_second=TOKENS_PER_SECOND, times=None)
    dice = random.Random(7)
    waits = [await _one(system, dice.uniform(0.5, 2.5)) for _ in range(KILLS)]
    paid = (await system.model_stats())["generations_started"] / KILLS
    await system.forget_model_calls()
    p95 = percentile(waits, 0.95)
    is_default = heartbeat_seconds == HEARTBEAT_TIMEOUT.total_seconds()
    return Row(
        f"worker killed mid-answer → next token, heartbeat timeout {heartbeat_seconds:g} s, {KILLS} kills",
        f"p50 {percentile(waits, 0.5):.2f} s, p95 {p95:.2f} s; 0 lost, 0 doubled; paid {paid:.2f}",
        f"{heartbeat_seconds:g} s of heartbeat timeout",
        f"p95 ≤ {TARGET_SECONDS:g} s; paid 1.0" if is_default else "told, not set; paid 1.0",
        (p95 <= TARGET_SECONDS or not is_default) and paid == 1.0,
    )


async def _one(system: System, after_seconds: float) -> float:
    """The wait of one viewer; whatever is lost or doubled fails in the strict reducer."""
    expected = "".join(f"w{number} " for number in range(TOKENS))
    held = Reducer()
    killed_at = waited = 0.0
    async with system.http() as http:
        session = (await http.post("/v1/sessions", json={"message": {"content": "go"}})).json()
        killing = asyncio.create_task(_kill(system, after_seconds))
        async with aclosing(events(http, session["session_id"])) as stream:
            async for event in stream:
                held.feed(event)
                if event["type"] == "message.delta" and killing.done():
                    killed_at = killing.result()
                    waited = waited or perf_counter() - killed_at
                if event["type"] in {"turn.completed", "turn.failed"}:
                    break
        assert held.messages["a-1.1"].text == expected
        await http.delete(f"/v1/sessions/{session['session_id']}")
    assert waited, "the answer was over before the kill"
    return waited


async def _kill(system: System, after_seconds: float) -> float:
    """Kill the worker, and start it again as `perdure up` does: at once."""
    await asyncio.sleep(after_seconds)
    system.parts["worker"].kill()
    system.restart("worker")
    return perf_counter()
