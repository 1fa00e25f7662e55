"""One `up` in a process of its own, as a test sees it: what it printed, what it recorded, what lives."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from workers.up.births import birth_of

DRIVE = Path(__file__).with_name("drive.py")
PARTS = ("store", "temporal", "model", "speech", "worker", "api")
PATIENCE = 25.0

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen], within: float = PATIENCE) -> Seen:
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)
    return seen


class RunningUp:
    """Started at once; `close()` ends the supervisor and every part it noted, by pid and birth."""

    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        self.folder = folder
        folder.parent.mkdir(exist_ok=True)
        self._out = folder.parent / f"{time.monotonic_ns()}.out"
        self._err = self._out.with_suffix(".err")
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PERDURE_"))
        }
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, DRIVE, "--data-dir", folder, *arguments],
                env=own | env,
                stdout=out,
                stderr=err,
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "up.json").read_text())
        return found

    def pid(self, part: str) -> int:
        pid: int = self.record[part]["pid"]
        return pid

    def births(self) -> dict[int, str]:
        path = self.folder / "births.json"
        noted = json.loads(path.read_text()) if path.exists() else {}
        return {seen["pid"]: seen["birth"] for seen in noted.values()}

    def ready(self) -> "RunningUp":
        eventually(lambda: "Ctrl-C" in self.out or self.process.poll() is not None)
        assert self.process.poll() is None, self.err
        return self

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pid, birth in self.births().items():
            if birth_of(pid) == birth:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def living(births: dict[int, str]) -> list[int]:
    return [pid for pid, birth in births.items() if birth_of(pid) == birth]
