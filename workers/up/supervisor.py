"""Owns all parts together: their start, the record of them, their end; must not know what any of them is."""

import asyncio
import os
import time
from collections.abc import Coroutine
from contextlib import suppress

from workers.up import disk
from workers.up.banner import banner_rows
from workers.up.births import Births
from workers.up.console import say, show
from workers.up.folder import write_json
from workers.up.keeper import Keeper
from workers.up.parts import WORKER, Plan
from workers.up.process import STOP_GRACE, PartProcess
from workers.up.record import record
from workers.up.refusal import UpRefusedError, reason_of
from workers.up.stopping import StopSignals

SILENCE = 0.7
"""Seconds that a worker without work takes at most to end."""


class Supervisor:
    """Runs the parts of a plan until it is asked to stop."""

    def __init__(self, plan: Plan, signals: StopSignals, births: Births) -> None:
        self._plan = plan
        self._signals = signals
        self._births = births
        self._announced = False
        self._keepers: dict[str, Keeper] = {}
        for part in plan.parts():
            needs = [self._keepers[name].ready for name in part.needs]
            log = plan.folder.log(part.name)
            self._keepers[part.name] = Keeper(part, log, needs=needs, started=self._note)

    async def run(self, began: float) -> None:
        """Run until a stop signal; refuses when a part does not come up. Nothing lives on afterwards."""
        try:
            await self._serve(began)
        except ExceptionGroup as group:
            raise _as_one(group) from None
        finally:
            await self._stop()

    async def _serve(self, began: float) -> None:
        async with asyncio.TaskGroup() as group:
            duties: list[Coroutine[None, None, None]] = [k.keep() for k in self._keepers.values()]
            duties += [self._announce(began), disk.watch(self._plan.folder.root)]
            tasks = [group.create_task(duty) for duty in duties]
            await self._signals.wanted.wait()
            say("stopping; Ctrl-C again ends everything at once")
            for task in tasks:
                task.cancel()

    async def _announce(self, began: float) -> None:
        for keeper in self._keepers.values():
            await keeper.ready.wait()
        self._announced = True
        self._write_record()
        show(f"Perdure is up ({time.monotonic() - began:.1f} s)", banner_rows(self._plan))

    def _note(self, part: str, pid: int) -> None:
        try:
            self._births.note(part, pid)
        except OSError as error:
            self._say_unwritten("births.json", error)
        if self._announced:
            self._write_record()

    def _write_record(self) -> None:
        pids = {name: keeper.process.pid for name, keeper in self._keepers.items() if keeper.process}
        try:
            write_json(self._plan.folder.record, record(os.getpid(), pids, self._plan.addresses))
        except OSError as error:
            self._say_unwritten("up.json", error)

    def _say_unwritten(self, name: str, error: OSError) -> None:
        say(f"{name} cannot be written ({reason_of(error)}); free some space for {self._plan.folder.root}")

    async def _stop(self) -> None:
        kill = asyncio.create_task(self._kill_when_asked())
        for name, keeper in reversed(self._keepers.items()):
            if keeper.process:
                await self._end(name, keeper.process)
        kill.cancel()
        with suppress(OSError):
            self._births.forget()
            # Who finds the file may use the pids and addresses in it; there are none now.
            self._plan.folder.record.unlink(missing_ok=True)

    async def _end(self, name: str, process: PartProcess) -> None:
        end = asyncio.create_task(process.stop())
        if name == WORKER and not (await asyncio.wait({end}, timeout=SILENCE))[0]:
            say(f"answers under way may end ({STOP_GRACE:g} s at most)")
        await end

    async def _kill_when_asked(self) -> None:
        await self._signals.at_once.wait()
        for process in self._processes():
            process.kill()

    def _processes(self) -> list[PartProcess]:
        return [keeper.process for keeper in self._keepers.values() if keeper.process]


def _as_one(group: ExceptionGroup[Exception]) -> Exception:
    refusals = [error for error in group.exceptions if isinstance(error, UpRefusedError)]
    if len(refusals) < len(group.exceptions):
        return group
    return UpRefusedError(*(line for refusal in refusals for line in refusal.lines))
