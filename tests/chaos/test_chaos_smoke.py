"""A minute of chaos, in which every promise is kept."""

from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.records import Records
from tests.chaos.report import report
from tests.chaos.run import Plan, carry_out
from tests.chaos.schedule import plan

SEED = 2
SECONDS = 60.0
QUIET_SECONDS = 20.0


@pytest.mark.timeout(240)
async def test_a_minute_of_chaos_breaks_no_promise(tmp_path: Path) -> None:
    await carry_out(Plan(SEED, SECONDS, plan(SEED, SECONDS, QUIET_SECONDS)), tmp_path)
    records = Records(tmp_path)
    violations = check(records)
    assert violations == []
    figures = report(records, violations)
    assert figures.kills >= 3
    assert figures.destroyed >= 1
    assert figures.turns >= 30
