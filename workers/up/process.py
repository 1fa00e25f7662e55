"""Owns one running process of a part: its start, its end, its output; must not start it again."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workers.up import launch, logs
from workers.up.births import signal_group
from workers.up.parts import Part

STOP_GRACE = 8.0
# Isolated, without site packages: it starts in 10 ms, and nothing in the user's folder can stand in its way.
LAUNCHER = (sys.executable, "-I", "-S", launch.__file__)


@dataclass(frozen=True)
class PartProcess:
    """A process that was started, alive or not."""

    started: datetime
    log: Path
    log_start: int
    _process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, part: Part, log: Path) -> "PartProcess":
        """Start a part with its output in `log`, out of the terminal's reach; raises OSError."""
        logs.rotate(log)
        start, started = logs.size_of(log), datetime.now(UTC)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *LAUNCHER,
                str(os.getpid()),
                *part.argv,
                env=part.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(started, log, start, process)

    @property
    def pid(self) -> int:
        """The part's own pid: the launcher became the part."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its end has not been seen yet."""
        return self._process.returncode is None

    @property
    def last_words(self) -> str:
        """The last line it wrote, or ''."""
        return logs.last_line(self.log, self.log_start)

    async def ended(self) -> str:
        """Wait for its end, end what it had started, and say how it came."""
        code = await self._process.wait()
        # Now, while no other process can have come by its pid: a child of it would keep its port.
        signal_group(self.pid, signal.SIGKILL)
        return f"killed by {_signal_name(-code)}" if code < 0 else f"exit code {code}"

    async def stop(self) -> None:
        """Ask it to end, and end it when it takes too long."""
        if not self.alive:
            return
        # `terminate` would look whether it has ended, and take its end from the one who waits for it.
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_GRACE):
                await self.ended()
        except TimeoutError:
            self.kill()
            await self.ended()

    def kill(self) -> None:
        """End it and what it had started at once."""
        if self.alive:
            signal_group(self.pid, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
