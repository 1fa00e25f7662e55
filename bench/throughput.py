"""Turns a second with many sessions at once, and what a turn costs, beside the bare workflow.

A turn: a message over HTTP, an instant answer of 20 tokens, its end seen in the event stream. The floor: a
signal, an activity that writes one entry, that entry read. Both in turn, several times, because the machine
is not equally fast all the time.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from bench.figures import Row
from bench.floor import Floor
from bench.processes import cpu_seconds
from bench.wire import connected
from tests.system import System
from tests.viewer import turn_over, watch

SESSIONS: Final = 50
ROUNDS: Final = 4
TURNS: Final = 12
"""In each round."""
TOKENS: Final = 20
RATE_TARGET: Final = 0.5
COST_TARGET: Final = 2.0
_END: Final = b"event: turn.completed"
_MESSAGE: Final = b'{"content":"go"}'


@dataclass
class _Spent:
    """What turns took."""

    turns: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def a_second(self) -> float:
        return self.turns / self.seconds

    @property
    def cpu_a_turn(self) -> float:
        return self.cpu / self.turns


async def measure(system: System) -> list[Row]:
    await system.script(tokens=TOKENS, tokens_per_second=0, first_token_delay=0, times=None)
    shared = [system.parts[name].pid for name in ("engine", "store")]
    bare, ours = _Spent(), _Spent()
    async with Floor(system) as floor, system.http(timeout=120.0) as http:
        handles = await floor.many(SESSIONS)
        sessions = [await _begun(http) for _ in range(SESSIONS)]
        for _ in range(ROUNDS):
            await _spend(bare, floor.ask_all(handles, TURNS), [floor.pid, *shared])
            talks = asyncio.gather(*(_talk(system, session_id) for session_id in sessions))
            await _spend(ours, talks, [system.parts["worker"].pid, *shared])
    await system.forget_model_calls()
    rate, cost = ours.a_second / bare.a_second, ours.cpu_a_turn / bare.cpu_a_turn
    return [
        Row(
            f"turns a second, {SESSIONS} sessions at once ÷ the floor",
            f"{rate:.2f} ({ours.a_second:.0f} a second)",
            f"bare workflows: {bare.a_second:.0f} a second",
            f"≥ {RATE_TARGET:g}",
            rate >= RATE_TARGET,
        ),
        Row(
            "CPU of worker, engine and store a turn ÷ the floor",
            f"{cost:.2f} ({ours.cpu_a_turn * 1000:.1f} ms)",
            f"bare workflows: {bare.cpu_a_turn * 1000:.1f} ms",
            f"≤ {COST_TARGET:g}",
            cost <= COST_TARGET,
        ),
    ]


async def _spend(spent: _Spent, turns: Awaitable[Any], pids: Sequence[int]) -> None:
    cpu, began = cpu_seconds(pids), perf_counter()
    await turns
    spent.seconds += perf_counter() - began
    spent.cpu += cpu_seconds(pids) - cpu
    spent.turns += SESSIONS * TURNS


async def _begun(http: Any) -> str:
    """A session that has answered once."""
    body = {"message": {"content": "go"}}
    session_id: str = (await http.post("/v1/sessions", json=body)).json()["session_id"]
    await watch(http, session_id, turn_over(1))
    return session_id


async def _talk(system: System, session_id: str) -> None:
    path = f"/v1/sessions/{session_id}"
    async with (
        connected(system.api_url) as asking,
        connected(system.api_url) as viewing,
        aclosing(viewing.chunks(f"{path}/events?after=now")) as chunks,
    ):
        # The head of the answer: nothing is missed from now on.
        rest = await anext(chunks)
        for _ in range(TURNS):
            await asking.post(f"{path}/messages", _MESSAGE)
            while _END not in rest:
                rest += await anext(chunks)
            rest = rest.rpartition(_END)[2]
