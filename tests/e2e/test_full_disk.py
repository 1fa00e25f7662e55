"""A full disk: refused clearly, nothing corrupted, and everything works again afterwards."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.test_store_loss import answered, talked, transcript
from tests.system import System, running_system
from tests.viewer import watch

SIZE = "160m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        unmount = ["umount", "--lazy", str(folder)]
        subprocess.run(unmount, check=True)


@pytest.fixture
async def small_system(small_disk: Path) -> AsyncIterator[System]:
    async with running_system(small_disk) as system:
        yield system


def fill(disk: Path) -> Path:
    """Leave not one byte."""
    filler, size = disk / "filler", 65_536
    with filler.open("ab", buffering=0) as file:
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return filler


async def refused(system: System) -> None:
    """Until a session cannot be started."""
    async with system.http() as http, asyncio.timeout(30):
        while True:
            answer = await http.post("/v1/sessions", json={"message": {"content": "x" * 30_000}})
            if answer.status_code != 201:
                assert answer.status_code == 503
                assert answer.json()["code"] in {"store_unavailable", "engine_unavailable"}
                return
            fill(system.folder)


async def test_a_full_disk_is_refused_and_forgotten(small_system: System) -> None:
    system = small_system
    async with system.http() as http:
        session, held = await talked(http)
        session_id = session["session_id"]
        before = await transcript(http, session_id)
        filler = fill(system.folder)
        await refused(system)
        unready = await http.get("/readyz")
        assert (unready.status_code, unready.json()["store"]) == (503, "unreachable")
        assert await transcript(http, session_id) == before
        await asyncio.to_thread(os.remove, filler)
        async with asyncio.timeout(30):
            while (await http.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.2)
        message = {"content": "and now?", "message_id": "now"}
        async with asyncio.timeout(30):
            while (await http.post(f"/v1/sessions/{session_id}/messages", json=message)).status_code != 202:
                await asyncio.sleep(0.2)
        held = await watch(http, session_id, answered(2), held)
        after = await transcript(http, session_id)
        assert after[: len(before)] == before
        assert [held.messages[name].text for name, _ in after] == [text for _, text in after]
