"""Sessions that people listen to: `python -m bench.spoken --runs 4` measures them alone."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench import (
    announcing,
    barge_in,
    filtering,
    speech_delay,
    splitting,
    spoken_history,
    spoken_kills,
    spoken_profiles,
)
from bench.figures import HEADER, Row
from tests.system import running_system


async def measure(runs: int = spoken_kills.RUNS) -> list[Row]:
    """With so many runs of killing, in a system of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {"PERDURE_PROFILES": str(spoken_profiles.written(folder)), "PERDURE_RETRY_INITIAL": "1"}
        async with running_system(folder, env=env, speech=True) as system:
            return [
                *await speech_delay.measure(system),
                *await spoken_history.measure(system),
                *await splitting.measure(),
                *await filtering.measure(system),
                *await barge_in.measure(system),
                *await announcing.measure(system),
                *await spoken_kills.measure(system, runs),
            ]


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.spoken", description=__doc__)
    parser.add_argument("--runs", type=int, default=spoken_kills.RUNS, help="of a session under kills")
    rows = asyncio.run(measure(parser.parse_args().runs))
    print("\n".join([HEADER, *(row.markdown() for row in rows)]))


if __name__ == "__main__":
    main()
