"""What open sessions cost that nobody talks to."""

import asyncio
from typing import Any, Final

from bench.figures import Row
from bench.processes import cpu_seconds, memory_bytes
from tests.system import System

STAGES: Final = (1_000, 10_000)
AT_ONCE: Final = 16
QUIET_SECONDS: Final = 20.0
SETTLE_SECONDS: Final = 10.0
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
    await asyncio.sleep(SETTLE_SECONDS)
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
        f"{sessions:,} open idle sessions", "; ".join(used), f"none: {empty_words}", "no polling", met=True
    )


def _cpu(system: System) -> dict[str, float]:
    return {part: cpu_seconds([system.parts[part].pid]) for part in PARTS}


def _memory(system: System) -> dict[str, int]:
    return {part: memory_bytes(system.parts[part].pid) for part in PARTS}
