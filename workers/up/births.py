"""Owns which processes were started from a data directory, to end those an earlier `up` left behind.

Must not judge a process by its pid or name alone: pids are used again, names are shared.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workers.up.console import say
from workers.up.folder import read_json_object, write_json
from workers.up.refusal import UpRefusedError

GRACE = 5.0
PAUSE = 0.02


def birth_of(pid: int) -> str | None:
    """Return what tells a living process from all others that ever have its pid; None for a dead one."""
    return _birth_in_proc(pid) if sys.platform == "linux" else _birth_by_ps(pid)


def _birth_in_proc(pid: int) -> str | None:
    try:
        # The name may hold spaces and brackets; the fields proper begin after its last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, started = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{started}"


def _birth_by_ps(pid: int) -> str | None:
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    # The same moment must read the same at the next `up`, whatever the user's language and time zone then.
    fixed = {"LC_ALL": "C", "TZ": "UTC"}
    shown = subprocess.run(command, capture_output=True, text=True, check=False, env=fixed)  # noqa: S603 - no input
    state, _, started = shown.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


class Births:
    """The file that remembers each part's pid and birth."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, object] = {}

    def note(self, part: str, pid: int) -> None:
        """Remember a part that has just been started."""
        self._known[part] = {"pid": pid, "birth": birth_of(pid)}
        write_json(self._path, self._known)

    def forget(self) -> None:
        """Leave nothing to end: all parts have been stopped."""
        self._path.unlink(missing_ok=True)

    async def end_leftovers(self) -> None:
        """End what an earlier `up` left running; refuses where something does not end."""
        leftovers = [leftover for leftover in self._recorded() if leftover.lives()]
        for leftover in leftovers:
            say(f"{leftover.part} (pid {leftover.pid}) was left over from an earlier up; ending it")
        await asyncio.gather(*(leftover.end() for leftover in leftovers))

    def _recorded(self) -> Iterator["Leftover"]:
        for part, seen in read_json_object(self._path).items():
            match seen:
                case {"pid": int(pid), "birth": str(birth)}:
                    yield Leftover(part, pid, birth)


@dataclass(frozen=True)
class Leftover:
    """A process that an earlier `up` on this directory started."""

    part: str
    pid: int
    birth: str

    def lives(self) -> bool:
        """Tell whether the process with this pid is still the same one."""
        return birth_of(self.pid) == self.birth

    async def end(self) -> None:
        """Ask it to end, then end it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.lives():
                signal_group(self.pid, number)
            if await self._gone():
                return
        raise UpRefusedError(
            f"{self.part} (pid {self.pid}) of an earlier up does not end; end it, then start again"
        )

    async def _gone(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while self.lives():  # noqa: ASYNC110 - no event: it is nobody's child any more
                    await asyncio.sleep(PAUSE)
        return not self.lives()


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal a part and whatever it started; parts lead process groups of their own."""
    # macOS answers EPERM for a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
