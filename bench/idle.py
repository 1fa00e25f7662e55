"""What open sessions cost that nobody talks to."""

import asyncio
from typing import Any, Final

from bench.figures import Row
from bench.processes import cpu_seconds, memory_bytes
from tests.system import System

STAGES: Final = (1_000, 10_000)
AT_ONCE: Final = 16
QUIET_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 5.0
QUIET_SHARE: Final = 0.02
"""Of a core, for a worker that has taken in all that was started."""
IDLE_SHARE: Final = 0.05
"""Of a core, for each process: what it uses without a session, too."""
PARTS: Final = ("api", "worker", "engine", "store")


async def measure(system: System) -> list[Row]:
    rows, opened = [], 0
    empty = _memory(system)
    async with system.http(timeout=120.0) as http:
        for stage in STAGES:
            await _open(http, stage - opened)
            opened = stage
            rows.append(await _row(system, stage, empty))
    return rows


async def _open(http: Any, count: int) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with room:
            (await http.post("/v1/sessions", json={})).raise_for_status()

    await asyncio.gather(*(one() for _ in range(count)))


async def _row(system: System, sessions: int, empty: dict[str, int]) -> Row:
    await _quiet(system)
    before = _cpu(system)
    await asyncio.sleep(QUIET_SECONDS)
    after, memory = _cpu(system), _memory(system)
    shares = {part: (after[part] - before[part]) / QUIET_SECONDS for part in PARTS}
    used = [
        f"{part} {100 * shares[part]:.1f} % of a core, {memory[part] / 1e6:.0f} MB"
        f" ({(memory[part] - empty[part]) / sessions / 1e3:.1f} KB a session)"
        for part in PARTS
    ]
    empty_words = ", ".join(f"{part} {empty[part] / 1e6:.0f} MB" for part in PARTS)
    return Row(
        f"{sessions:,} open idle sessions",
        "; ".join(used),
        f"none: {empty_words}",
        "no polling",
        max(shares.values()) <= IDLE_SHARE,
    )


async def _quiet(system: System) -> None:
    """Sessions are open before their workflows have begun: wait until the last one has."""
    share = 1.0
    while share > QUIET_SHARE:
        before = _cpu(system)["worker"]
        await asyncio.sleep(LOOK_SECONDS)
        share = (_cpu(system)["worker"] - before) / LOOK_SECONDS


def _cpu(system: System) -> dict[str, float]:
    return {part: cpu_seconds([system.parts[part].pid]) for part in PARTS}


def _memory(system: System) -> dict[str, int]:
    return {part: memory_bytes(system.parts[part].pid) for part in PARTS}
