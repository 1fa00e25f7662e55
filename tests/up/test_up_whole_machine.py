"""The whole tree killed at any moment: the next `up` goes on with every session."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.test_store_loss import answered
from tests.reducer import Reducer
from tests.up.running import eventually
from tests.viewer import turn_over, watch

PARTS = ("store", "temporal", "model", "speech", "worker", "api")
NUMBERS = ", ".join(map(str, range(1, 121)))


class Machine:
    """The real `perdure up` on one data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PERDURE_"))
        }
        self._env = own

    def up(self) -> None:
        options = ["--data-dir", str(self.folder), "--port", "0", "--temporal-port", "0", "--ui-port", "0"]
        argv = [sys.executable, "-m", "workers", "up", "--offline", *options]
        with (self.folder.parent / "up.log").open("wb") as log:
            self._process = subprocess.Popen(argv, env=self._env, stdout=log, stderr=log)
        eventually(self._is_up, within=60)

    def _is_up(self) -> bool:
        return b"Ctrl-C" in (self.folder.parent / "up.log").read_bytes()

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "up.json").read_text())
        return found

    def kill(self) -> None:
        """As a power cut does, for the processes."""
        record = self.record
        for pid in (record["pid"], *(record[part]["pid"] for part in PARTS)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "data")
    try:
        yield made
    finally:
        made.stop()


async def test_every_session_goes_on_after_the_whole_tree_was_killed(machine: Machine) -> None:
    machine.up()
    sessions: list[tuple[str, Reducer]] = []
    for moment in (0.05, 1.0):
        async with httpx2.AsyncClient(base_url=machine.record["api"]["url"], timeout=30) as http:
            body = {"message": {"content": "count to 120"}}
            session_id = (await http.post("/v1/sessions", json=body)).json()["session_id"]
            held = Reducer()
            with suppress(TimeoutError, httpx2.HTTPError):
                await watch(http, session_id, turn_over(1), held, seconds=moment)
            sessions.append((session_id, held))
        machine.kill()
        machine.up()
    async with httpx2.AsyncClient(base_url=machine.record["api"]["url"], timeout=30) as http:
        told = (await http.get("/console/settings")).json()
        assert told["worker_pid"] == machine.record["worker"]["pid"]
        assert told["temporal_ui"].startswith(machine.record["temporal"]["ui_url"])
        for session_id, held in sessions:
            viewers = await asyncio.gather(
                watch(http, session_id, answered(1), held), watch(http, session_id, answered(1))
            )
            texts = {viewer.messages["a-1.1"].text for viewer in viewers}
            assert len(texts) == 1
            assert texts.pop().startswith(NUMBERS)
            sent = await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "what did I say?"})
            assert sent.status_code == 202
            again = await watch(http, session_id, answered(2))
            assert "count to 120" in again.messages["a-2.1"].text
