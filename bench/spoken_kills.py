"""Guided spoken sessions while parts are killed: what is lost, and how long the silence is."""

from collections.abc import Sequence
from typing import Final

from bench.figures import Row, percentile
from tests.heard import Faults
from tests.spoken_run import Run, run
from tests.system import System

RUNS: Final = 30
KILLS: Final = 3
"""At most, in each run: a session may be over before the last."""
PAUSE_TARGET_SECONDS: Final = 10.0
"""A worker's death is known after 2 s, and the next one may be killed at once: more than this is silence."""
PARTS: Final = {
    "worker": ("worker",),
    "store": ("store",),
    "Temporal": ("engine",),
    "any of them": ("worker", "store", "engine"),
}


async def measure(system: System, runs: int = RUNS) -> list[Row]:
    """The runs, shared out among the parts; each has a seed of its own."""
    seen: dict[str, list[Run]] = {name: [] for name in PARTS}
    for seed in range(runs):
        name = list(PARTS)[seed % len(PARTS)]
        found = await run(system, seed, PARTS[name], KILLS)
        seen[name].append(found)
        if found.complaints:
            print(f"seed {seed}, {name} killed: {found.complaints}")
    return [_row(name, found) for name, found in seen.items() if found]


def _row(name: str, runs: Sequence[Run]) -> Row:
    told = sum((found.heard.told_faults for found in runs), Faults())
    announced = sum((found.heard.announced_faults for found in runs), Faults())
    every = told + announced
    broken = sum(len(found.broken_audio) for found in runs)
    kills = sum(len(found.killed) for found in runs)
    pauses = [found.longest_pause for found in runs]
    sentences = sum(len(found.heard.told) for found in runs)
    return Row(
        f"guided spoken sessions, {name} killed: {len(runs)} runs, {kills} kills, {sentences} sentences",
        f"{every.lost} lost, {every.doubled} doubled, {every.disordered} disordered, {broken} without audio; "
        f"longest pause p50 {percentile(pauses, 0.5):.1f} s, at most {max(pauses):.1f} s",
        f"{sum(not found.complaints for found in runs)} of {len(runs)} completed, phases in order",
        f"0; all; pause ≤ {PAUSE_TARGET_SECONDS:g} s",
        not any(found.complaints for found in runs) and max(pauses) <= PAUSE_TARGET_SECONDS,
    )
