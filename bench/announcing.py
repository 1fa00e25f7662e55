"""Ways from a told sentence to its speech, each with a worker of its own: what they cost."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from bench.another_worker import another_worker
from bench.figures import Row, spread
from bench.processes import cpu_seconds
from bench.spoken_history import history_events
from bench.spoken_profiles import SPOKEN
from bench.spoken_turn import begun, sentences, spoken_turn
from tests.system import System

SENTENCES = 30
PACES = (30, 300)
"""Tokens a second: faster than anybody listens, and as fast as small models are."""
MODULE = "bench.announcing_worker"
WAYS = {
    "as built: one signal under way, the rest together": (),
    "a signal a sentence": ("each",),
    "signals every 0.5 s": ("batches",),
}


@dataclass(frozen=True)
class Cost:
    """Of one way at one pace."""

    events: float
    """Of history, a sentence."""
    delays: Sequence[float]
    """From sentences to their announcements, seconds."""
    cpu: float
    """Of the worker, seconds a sentence."""


async def measure(system: System) -> list[Row]:
    rows = []
    for name, way in WAYS.items():
        async with another_worker(system, MODULE, *way) if way else nullcontext():
            rows += [_row(name, pace, await _cost(system, pace)) for pace in PACES]
    return rows


async def _cost(system: System, pace: int) -> Cost:
    pid = system.parts["worker"].pid
    async with system.http() as http:
        session_id = await begun(http, SPOKEN)
        await system.script(text=" ".join(sentences(3, "warm-up")))
        await spoken_turn(http, session_id)
        await system.script(text=" ".join(sentences(SENTENCES, f"pace {pace}")), tokens_per_second=pace)
        before, cpu = await history_events(system, session_id), cpu_seconds([pid])
        turn = await spoken_turn(http, session_id)
        spent = cpu_seconds([pid]) - cpu
        events = await history_events(system, session_id) - before
    count = len(turn.told)
    return Cost(events / count, turn.delays, spent / count)


def _row(name: str, pace: int, cost: Cost) -> Row:
    return Row(
        f"sentence → speech, {name}; {pace} tokens/s",
        f"{cost.events:.1f} events a sentence; {spread(cost.delays)}",
        f"worker: {cost.cpu * 1000:.1f} ms of CPU a sentence",
        "told, not set",
        met=True,
    )
