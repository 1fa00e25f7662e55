"""Owns the signals that ask `up` to stop; must not stop anything itself."""

import asyncio
import signal
import time
from types import TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Some wrappers pass on a Ctrl-C that the terminal has also sent: only a person comes back later than this.
ECHO = 0.5


class StopSignals:
    """Turns the first signal into `wanted` and the next one into `at_once`."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.at_once = asyncio.Event()
        self._first = 0.0

    def __enter__(self) -> Self:
        self._installed = [number for number in SIGNALS if not _kept_away(number)]
        for number in self._installed:
            asyncio.get_running_loop().add_signal_handler(number, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._installed:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _received(self) -> None:
        if not self.wanted.is_set():
            self._first = time.monotonic()
            self.wanted.set()
        elif time.monotonic() - self._first > ECHO:
            self.at_once.set()


def _kept_away(number: signal.Signals) -> bool:
    # Started under nohup: the end of the terminal was not to matter.
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN
