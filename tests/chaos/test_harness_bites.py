"""With a safety taken out of the workers, the harness finds what it let through."""

import sys
from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.records import Records
from tests.chaos.run import Plan, carry_out
from tests.chaos.schedule import ENGINE, WORKERS, Card, Kind, link
from tests.chaos.talker import Pace
from tests.chaos.verdict import Harm

ALONE = [Card(Kind.BLACK_HOLE, link(worker, ENGINE)) for worker in WORKERS]
"""The engine hears nothing of a worker, gives its step to another, and both write."""
FAST = Pace(tokens_per_second=120, most_words=600, long_share=1.0)


def broken(safety: str) -> list[str]:
    return [sys.executable, "-m", "tests.chaos.broken_worker", safety, "worker"]


async def found(folder: Path, wanted: Plan) -> set[Harm]:
    await carry_out(wanted, folder)
    return {violation.harm for violation in check(Records(folder))}


@pytest.mark.timeout(180)
async def test_workers_that_are_not_fenced_are_found_out(tmp_path: Path) -> None:
    wanted = Plan(5, 18, quiet=4, talkers=3, patience=8, decks=[ALONE], worker=broken("fencing"), pace=FAST)
    assert await found(tmp_path, wanted) & {Harm.LOST, Harm.DOUBLED, Harm.REORDERED}


@pytest.mark.timeout(180)
async def test_messages_that_are_taken_twice_are_found_out(tmp_path: Path) -> None:
    wanted = Plan(5, 8, quiet=8, talkers=3, patience=6, decks=[], worker=broken("deduplication"), closing=2)
    assert Harm.DOUBLED in await found(tmp_path, wanted)
