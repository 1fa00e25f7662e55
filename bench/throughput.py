"""Turns a second with many sessions at once, and what a turn costs, beside the bare workflow.

A turn: a message over HTTP, an instant answer of 20 tokens, its end seen in the event stream. The floor: a
signal, an activity that writes one entry, that entry read.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import Any, Final

import httpx2

from bench.figures import Row
from bench.floor import Floor
from bench.processes import cpu_seconds
from tests.system import System
from tests.viewer import turn_over, watch

SESSIONS: Final = 50
TURNS: Final = 20
TOKENS: Final = 20
RATE_TARGET: Final = 0.5
COST_TARGET: Final = 2.0
_END: Final = b"event: turn.completed"


async def measure(system: System) -> list[Row]:
    await system.script(tokens=TOKENS, tokens_per_second=0, first_token_delay=0, times=None)
    engine_and_store = [system.parts[name].pid for name in ("engine", "store")]
    async with Floor(system) as floor:
        asked = floor.ask_all(await floor.many(SESSIONS), TURNS)
        bare = await _run(asked, [floor.pid, *engine_and_store])
    async with system.http(timeout=120.0, limits=httpx2.Limits(max_connections=None)) as http:
        ids = [await _begun(http) for _ in range(SESSIONS)]
        talks = asyncio.gather(*(_talk(http, session_id) for session_id in ids))
        ours = await _run(talks, [system.parts["worker"].pid, *engine_and_store])
    await system.forget_model_calls()
    rate, cost = ours[0] / bare[0], ours[1] / bare[1]
    return [
        Row(
            f"turns a second, {SESSIONS} sessions at once ÷ the floor",
            f"{rate:.2f} ({ours[0]:.0f} a second)",
            f"bare workflows: {bare[0]:.0f} a second",
            f"≥ {RATE_TARGET:g}",
            rate >= RATE_TARGET,
        ),
        Row(
            "CPU of worker, engine and store a turn ÷ the floor",
            f"{cost:.2f} ({ours[1] * 1000:.1f} ms)",
            f"bare workflows: {bare[1] * 1000:.1f} ms",
            f"≤ {COST_TARGET:g}",
            cost <= COST_TARGET,
        ),
    ]


async def _run(turns: Awaitable[Any], pids: Sequence[int]) -> tuple[float, float]:
    """Turns a second, and CPU seconds a turn of these processes."""
    seconds, began = cpu_seconds(pids), perf_counter()
    await turns
    elapsed, count = perf_counter() - began, SESSIONS * TURNS
    return count / elapsed, (cpu_seconds(pids) - seconds) / count


async def _begun(http: httpx2.AsyncClient) -> str:
    """A session that has answered once."""
    body = {"message": {"content": "go"}}
    session_id: str = (await http.post("/v1/sessions", json=body)).json()["session_id"]
    await watch(http, session_id, turn_over(1))
    return session_id


async def _talk(http: httpx2.AsyncClient, session_id: str) -> None:
    async with http.stream("GET", f"/v1/sessions/{session_id}/events?after=now", timeout=None) as stream:
        chunks, rest = stream.aiter_bytes(), b""
        for _ in range(TURNS):
            await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go"})
            while _END not in rest:
                rest += await anext(chunks)
            rest = rest.rpartition(_END)[2]
