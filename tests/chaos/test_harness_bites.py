"""With a safety taken out of the workers, the harness finds what it let through."""

import sys
from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.records import Records
from tests.chaos.run import Plan, carry_out
from tests.chaos.schedule import ENGINE, WORKERS, Kind, Planned, link
from tests.chaos.talker import Pace

LONG = Pace(tokens_per_second=110, most_words=999, long_share=1.0, longest_pause=8.0)
HOLES = [
    # The engine hears nothing of a worker, gives its step to another, and both write. It takes that long,
    # because the engine may give the step to the same worker again, who does not hear of it.
    Planned(began, began + 7, Kind.BLACK_HOLE, link(worker, ENGINE))
    for began, worker in zip((2.0, 10.0), WORKERS, strict=True)
]


pytestmark = pytest.mark.bites


def without(safety: str) -> list[str]:
    return [sys.executable, "-m", "tests.chaos.broken_worker", safety, "worker"]


async def complaints(folder: Path, wanted: Plan) -> str:
    await carry_out(wanted, folder)
    return "\n".join(map(str, check(Records(folder))))


@pytest.mark.timeout(180)
async def test_workers_that_are_not_fenced_are_found_out(tmp_path: Path) -> None:
    wanted = Plan(5, 18, HOLES, closing=4, talkers=6, pace=LONG, patience=10, worker=without("fencing"))
    found = await complaints(tmp_path, wanted)
    assert any(words in found for words in ("doubled words", "overlap: a delta", "gap: a delta"))


@pytest.mark.timeout(180)
async def test_messages_that_are_taken_twice_are_found_out(tmp_path: Path) -> None:
    wanted = Plan(5, 8, [], closing=2, talkers=4, patience=6, worker=without("deduplication"))
    assert "is accepted a second time" in await complaints(tmp_path, wanted)
