"""Real processes that these tests kill, freeze and start again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system import System, running_system
from tests.transcription.transcript_server import TranscriptServer, serving_transcripts

PLAIN = """
name: plain
agents: [{name: assistant, instructions: Be brief.}]
model: {mode: plain}
"""


@pytest.fixture(scope="session")
async def transcripts() -> AsyncIterator[TranscriptServer]:
    async with serving_transcripts() as server:
        yield server


@pytest.fixture(scope="session")
async def whole_system(
    tmp_path_factory: pytest.TempPathFactory, transcripts: TranscriptServer
) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("system")
    profiles = folder / "profiles"
    profiles.mkdir()
    (profiles / "plain.yaml").write_text(PLAIN, "utf-8")
    env = {
        "PERDURE_PROFILES": str(profiles),
        "PERDURE_RETRY_INITIAL": "0.5",
        "PERDURE_TRANSCRIPTION_MODEL": "ears",
        "OPENAI_TRANSCRIPTION_BASE_URL": transcripts.url,
    }
    async with running_system(Path(folder), env=env) as system:
        yield system


@pytest.fixture
async def system(whole_system: System) -> AsyncIterator[System]:
    """The system, whole again after each test."""
    await whole_system.forget_model_calls()
    yield whole_system
    await whole_system.mend()
