"""A person at a terminal that runs a command: types, looks, and waits for what is to be seen.

Owns the pseudo-terminal and the process behind it, which is gone afterwards.
"""

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Self

from tests.cli.terminal import Terminal
from tests.system import ROOT

PATIENCE = 20.0
CTRL_C, CTRL_D, CTRL_Z, UP, ENTER = "\x03", "\x04", "\x1a", "\x1b[A", "\r"


def _own_the_terminal() -> None:
    """So that its signals reach the process."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # Tests that run in the background may have inherited that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Person:
    """Runs `perdure` with these arguments in a terminal of this size."""

    def __init__(
        self, arguments: Sequence[str], env: Mapping[str, str], columns: int = 80, rows: int = 24
    ) -> None:
        self.screen = Terminal(columns, rows)
        self.written = ""
        self._arguments = arguments
        self._env = {**env, "TERM": env.get("TERM", "xterm-256color")}
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def __enter__(self) -> Self:
        self._terminal, inside = pty.openpty()
        self.resize(self.screen.columns, self.screen.rows)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers", *self._arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=self._env,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=_own_the_terminal,  # noqa: PLW1509 - two system calls, no lock is taken
        )
        os.close(inside)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._terminal)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def says(self, text: str) -> None:
        self.types(text + ENTER)

    def sees(self, text: str, seconds: float = PATIENCE) -> None:
        self.waits_until(lambda: text in self.screen.words, seconds, text)

    def waits_until(self, holds: Callable[[], object], seconds: float = PATIENCE, what: str = "it") -> None:
        until = monotonic() + seconds
        while not holds():
            self._look(0.02)
            gone = self.process.poll() is not None and not holds()
            assert not gone, f"the program ended before {what!r}:\n{self.screen.text}"
            assert monotonic() < until, f"{what!r} was not to be seen:\n{self.screen.text}"

    def watches(self, seconds: float) -> None:
        """Look for a while."""
        until = monotonic() + seconds
        while monotonic() < until:
            self._look(0.02)

    def exit_code(self, seconds: float = PATIENCE) -> int:
        until = monotonic() + seconds
        while self.process.poll() is None:
            self._look(0.02)
            assert monotonic() < until, f"the program goes on:\n{self.screen.text}"
        while self._look(0):
            pass
        return int(self.process.returncode)

    def is_suspended(self) -> bool:
        pid, status = os.waitpid(self.process.pid, os.WNOHANG | os.WUNTRACED)
        return pid != 0 and os.WIFSTOPPED(status)

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed by itself, as a shell wants it."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def _look(self, seconds: float) -> bool:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return False
        try:
            chunk = os.read(self._terminal, 65536)
        except OSError:
            # All who wrote have gone.
            return False
        text = self._decoder.decode(chunk)
        self.written += text
        # The line discipline has made CR LF of every LF.
        self.screen.feed(text)
        return bool(chunk)
