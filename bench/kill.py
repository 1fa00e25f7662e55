"""Parts killed in the middle of an answer: how long viewers wait, what is lost, and what is paid."""

import asyncio
import random
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from bench.figures import Row, percentile
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import watch
from workflows.contract.start import HEARTBEAT_TIMEOUT

KILLS = 20
TOKENS = 240
TOKENS_PER_SECOND = 60
TARGET_SECONDS = 4.0
PART_KILLS = 10
PARTS = (
    ("API", ("api",), 2.0),
    ("store", ("store",), 3.0),
    ("Temporal", ("engine",), 3.0),
    ("whole tree", ("api", "worker", "engine", "store"), 10.0),
)
NEXT_WORDS = {"message.delta", "reset"}
"""What shows a viewer that the answer goes on."""


async def measure(system: System, heartbeat_seconds: float) -> Row:
    await system.forget_model_calls()
    await system.script(tokens=TOKENS, tokens_per_second=TOKENS_PER_SECOND, times=None)
    dice = random.Random(7)
    waits = [await _one(system, dice.uniform(0.5, 2.5), ("worker",)) for _ in range(KILLS)]
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


async def measure_parts(system: System) -> list[Row]:
    """The other parts, and all of them at once but the model."""
    await system.forget_model_calls()
    await system.script(tokens=TOKENS, tokens_per_second=TOKENS_PER_SECOND, times=None)
    rows = [await _part(system, name, parts, target) for name, parts, target in PARTS]
    await system.forget_model_calls()
    return rows


async def _part(system: System, name: str, parts: Sequence[str], target: float) -> Row:
    dice = random.Random(11)
    waits = [await _one(system, dice.uniform(0.5, 2.0), parts) for _ in range(PART_KILLS)]
    p95 = percentile(waits, 0.95)
    return Row(
        f"{name} killed mid-answer → next token, {PART_KILLS} kills",
        f"p50 {percentile(waits, 0.5):.2f} s, p95 {p95:.2f} s; 0 lost, 0 doubled",
        "its start",
        f"p95 ≤ {target:g} s",
        p95 <= target,
    )


async def _one(system: System, after_seconds: float, parts: Sequence[str]) -> float:
    """The wait of one viewer; whatever is lost or doubled fails in the strict reducer."""
    expected = "".join(f"w{number} " for number in range(TOKENS))
    held = Reducer()
    waited = 0.0
    async with system.http() as http:
        session = (await http.post("/v1/sessions", json={"message": {"content": "go"}})).json()
        killing = asyncio.create_task(_kill(system, after_seconds, parts))

        def over(_: Reducer, event: dict[str, Any]) -> bool:
            nonlocal waited
            if event["type"] in NEXT_WORDS and killing.done():
                waited = waited or perf_counter() - killing.result()
            answer = held.messages.get("a-1.1")
            return answer is not None and answer.status != "open"

        await watch(http, session["session_id"], over, held)
        assert held.messages["a-1.1"].text == expected
        await http.delete(f"/v1/sessions/{session['session_id']}")
    assert waited, "the answer was over before the kill"
    return waited


async def _kill(system: System, after_seconds: float, parts: Sequence[str]) -> float:
    """Kill `parts`, and start them again as `perdure up` does: at once. When they were dead."""
    await asyncio.sleep(after_seconds)
    for name in parts:
        system.parts[name].kill()
    dead_at = perf_counter()
    for name in reversed(parts):
        system.restart(name)
    return dead_at
