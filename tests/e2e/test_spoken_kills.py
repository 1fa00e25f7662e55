"""Whatever is killed while a guided session is spoken, every sentence is told and heard once, in order."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.spoken_run import run
from tests.spoken_session import NAME, PROFILE
from tests.system import System, running_system

KILLS = 3
LEAST_KILLS = 2


@pytest.fixture(scope="module")
async def spoken_system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("spoken")
    profiles = folder / "profiles"
    profiles.mkdir()
    (profiles / f"{NAME}.yaml").write_text(PROFILE, "utf-8")
    async with running_system(Path(folder), env={"PERDURE_PROFILES": str(profiles)}, speech=True) as system:
        yield system


@pytest.mark.parametrize(("part", "seed"), [("worker", 1), ("store", 2), ("engine", 3)])
async def test_no_sentence_is_lost(spoken_system: System, part: str, seed: int) -> None:
    seen = await run(spoken_system, seed, (part,), KILLS)
    assert not seen.complaints
    assert len(seen.killed) >= LEAST_KILLS
