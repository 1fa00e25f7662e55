"""`make chaos SEED=… MINUTES=…`: break the system for a while, and see whether it kept its promises.

Prints the seed first and one line at the end; exits 1 on any violation, whose records are kept.
"""

import argparse
import asyncio
import secrets
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.chaos.checker import check
from tests.chaos.records import Records
from tests.chaos.report import report
from tests.chaos.run import Plan, carry_out
from tests.chaos.schedule import plan

SHORTEST_SECONDS: Final = 30.0
QUIET_SHARE: Final = 1 / 3
QUIET_SECONDS: Final = 40.0
MOST_SHOWN: Final = 50


def main() -> None:
    arguments = _parser().parse_args()
    if arguments.check is not None:
        raise SystemExit(judge(arguments.check))
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    _say(f"seed={seed}")
    seconds = max(arguments.minutes * 60, SHORTEST_SECONDS)
    folder = arguments.records or Path(tempfile.mkdtemp(prefix="perdure-chaos-"))
    quiet = min(QUIET_SECONDS, seconds * QUIET_SHARE)
    wanted = Plan(seed, seconds, plan(seed, seconds, quiet))
    failed = True
    try:
        asyncio.run(_until_told_to_stop(wanted, folder))
        failed = bool(judge(folder))
    except asyncio.CancelledError:
        failed = False
        raise SystemExit(130) from None
    finally:
        if failed:
            sys.stderr.write(f"records: {folder}\n")
        elif arguments.records is None:
            shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(failed)


async def _until_told_to_stop(wanted: Plan, folder: Path) -> None:
    """Whoever stops the run finds everything gone that it started."""
    task = asyncio.current_task()
    assert task is not None
    told = iter([task.cancel])

    def stop() -> None:
        # Once: whoever asks again would interrupt the tidying up.
        next(told, lambda: False)()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop)
    await carry_out(wanted, folder)


def judge(folder: Path) -> int:
    """Check what was recorded, and print it; the exit code."""
    records = Records(folder)
    violations = check(records)
    for violation in violations[:MOST_SHOWN]:
        sys.stderr.write(f"{violation}\n")
    _say(str(report(records, violations)))
    return int(bool(violations))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="a random one by default")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--records", type=Path, help="a folder to keep the records in")
    parser.add_argument("--check", type=Path, help="check the records of an earlier run again")
    return parser


if __name__ == "__main__":
    main()
