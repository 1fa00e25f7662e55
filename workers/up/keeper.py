"""Owns one part's lives: starts it, sees it become ready, starts it again; must not know the other parts."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from workers.up.backoff import Backoff
from workers.up.console import say
from workers.up.parts import Part
from workers.up.process import PartProcess
from workers.up.refusal import UpRefusedError, reason_of

PROBE_PAUSE = 0.03
FIRST_TRIES = 3


@dataclass(frozen=True)
class Ending:
    """How a life of the part ended, when (on the monotonic clock), and how long it had been healthy."""

    how: str
    at: float
    healthy_for: float = 0.0


class Keeper:
    """Keeps one part alive from `keep()` on; `ready` is set while it works."""

    def __init__(
        self, part: Part, log: Path, *, needs: Sequence[asyncio.Event], started: Callable[[str, int], None]
    ) -> None:
        self.ready = asyncio.Event()
        self.process: PartProcess | None = None
        self._part = part
        self._log = log
        self._needs = needs
        self._started = started
        self._backoff = Backoff()
        self._tries = 0
        self._proven = False
        self._ready_at: float | None = None

    async def keep(self) -> NoReturn:
        """Keep the part alive until cancelled; refuses when it does not even start properly once."""
        ending = await self._live(after=None)
        while True:
            self._give_up_early(ending)
            await asyncio.sleep(self._backoff.delay(ending.healthy_for))
            ending = await self._live(after=ending)

    async def _live(self, after: Ending | None) -> Ending:
        for need in self._needs:
            await need.wait()
        self._tries += 1
        try:
            process = self.process = await PartProcess.start(self._part, self._log)
        except OSError as error:
            return self._stillborn(reason_of(error))
        self._started(self._part.name, process.pid)
        if after and self._proven:
            self._say_restarted(after, process.pid)
        return await self._outlive(process)

    def _say_restarted(self, after: Ending, pid: int) -> None:
        seconds = time.monotonic() - after.at
        say(f"{self._part.name} stopped ({after.how}); started again as pid {pid} in {seconds:.2f} s")

    def _stillborn(self, why: str) -> Ending:
        if self._proven:
            say(f"{self._part.name} cannot be started ({why}); trying again")
        return Ending(f"cannot be started: {why}", time.monotonic())

    async def _outlive(self, process: PartProcess) -> Ending:
        ended = asyncio.create_task(process.ended())
        probe = asyncio.create_task(self._probe(process))
        try:
            await asyncio.wait({ended, probe}, return_when=asyncio.FIRST_COMPLETED)
            if probe.done():
                probe.result()
            return Ending(await ended, time.monotonic(), self._healthy_for())
        finally:
            self.ready.clear()
            self._ready_at = None
            probe.cancel()
            ended.cancel()

    def _healthy_for(self) -> float:
        return 0.0 if self._ready_at is None else time.monotonic() - self._ready_at

    async def _probe(self, process: PartProcess) -> None:
        while not await self._answers_in_time(process):
            self._complain(process)
        if process.alive:
            self._proven = True
            self._ready_at = time.monotonic()
            self.ready.set()

    async def _answers_in_time(self, process: PartProcess) -> bool:
        try:
            async with asyncio.timeout(self._part.patience.total_seconds()):
                while not await self._part.check(process.started):  # noqa: ASYNC110 - another process's state
                    await asyncio.sleep(PROBE_PAUSE)
        except TimeoutError:
            return False
        return True

    def _complain(self, process: PartProcess) -> None:
        seconds = self._part.patience.total_seconds()
        line = f"{self._part.name} is not ready after {seconds:g} s{_quoted(process)}; see {self._log}"
        if not self._proven:
            raise UpRefusedError(line)
        say(line)

    def _give_up_early(self, ending: Ending) -> None:
        if self._proven or self._tries < FIRST_TRIES:
            return
        times = f"{self._tries} times before it was ready"
        raise UpRefusedError(
            f"{self._part.name} stopped {times} ({ending.how}{_quoted(self.process)}); see {self._log}"
        )


def _quoted(process: PartProcess | None) -> str:
    return f', last line: "{process.last_words}"' if process and process.last_words else ""
