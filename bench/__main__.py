"""`make bench`: measure everything, print the table, and write it to RESULTS.md."""

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import busy, console, first_token, history, idle, kill, lag, long_session, spoken, stop, throughput
from bench.figures import HEADER, Row
from tests.system import running_system

RESULTS = Path(__file__).parent / "RESULTS.md"


async def measure() -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        async with running_system(Path(folder), env={"PERDURE_RETRY_INITIAL": "1"}) as system:
            rows.append(await first_token.measure(system))
            rows += await throughput.measure(system)
            rows += await lag.measure(system)
            rows += await history.measure(system)
            rows.append(await stop.measure(system))
            rows.append(await kill.measure(system, 2))
            rows += await kill.measure_parts(system)
            rows.append(await long_session.measure(system))
            rows += await idle.measure(system)
    for seconds in (2.0, 5.0):
        with tempfile.TemporaryDirectory() as folder:
            env = {"PERDURE_HEARTBEAT_TIMEOUT": str(seconds)}
            async with running_system(Path(folder), env=env) as system:
                if seconds != 2.0:
                    rows.append(await kill.measure(system, seconds))
                rows.append(await busy.measure(system, seconds))
    return [*rows, *await spoken.measure(), *await console.measure()]


def main() -> None:
    rows = asyncio.run(measure())
    table = "\n".join([HEADER, *(row.markdown() for row in rows)])
    machine = (
        f"{os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}; shared and noisy: trust ratios, not digits."
    )
    RESULTS.write_text(f"# Figures\n\n`make bench` on {machine}\n\n{table}\n", "utf-8")
    print(table)


main()
