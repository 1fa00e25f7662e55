"""Owns the order of events of one `up`; must not do any of them itself."""

import os
import shlex
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress

from api.cli.program import typed
from workers.up import preflight
from workers.up.births import Births
from workers.up.console import say
from workers.up.folder import DataFolder
from workers.up.lock import sole_owner
from workers.up.options import UpOptions
from workers.up.parts import Plan
from workers.up.ports import choose_ports
from workers.up.programs import Programs
from workers.up.refusal import REFUSED, UpRefusedError
from workers.up.stopping import StopSignals
from workers.up.supervisor import Supervisor


async def run_up(
    options: UpOptions, programs: Programs | None = None, environ: Mapping[str, str] | None = None
) -> int:
    """Run the whole system until Ctrl-C or SIGTERM; returns the exit code.

    0 stopped as asked, 1 refused or failed, 2 wrong usage; stderr says what is wrong, one line a component.
    Takes the process's signal handlers while it runs, so it belongs in the main thread.
    """
    folder = DataFolder(options.data_dir.absolute())
    try:
        await _run(
            options, folder, programs or Programs.installed(), os.environ if environ is None else environ
        )
    except UpRefusedError as refusal:
        for line in refusal.lines:
            say(line)
        return refusal.exit_code
    except Exception as error:  # noqa: BLE001 - a mistake of ours: one line for the person, the trace for us
        _keep_trace(folder)
        say(f"up failed ({type(error).__name__}: {error}); see {folder.log('up')}")
        return REFUSED
    return 0


async def _run(
    options: UpOptions, folder: DataFolder, programs: Programs, environ: Mapping[str, str]
) -> None:
    began = time.monotonic()
    preflight.check_usage(options)
    preflight.check_installation(options, programs, environ)
    preflight.check_profiles(environ)
    preflight.prepare(folder)
    births = Births(folder.births)
    with StopSignals() as signals, sole_owner(folder.lock):
        await births.end_leftovers()
        folder.record.unlink(missing_ok=True)
        ports = choose_ports(options, folder)
        plan = Plan(options=options, folder=folder, ports=ports, programs=programs, environ=environ)
        await Supervisor(plan, signals, births).run(began)
    say(f'stopped; the next "{_next_up(options)}" goes on here')


def _next_up(options: UpOptions) -> str:
    is_usual = options.data_dir == UpOptions().data_dir
    return typed("up") if is_usual else typed("up", "--data-dir", shlex.quote(str(options.data_dir)))


def _keep_trace(folder: DataFolder) -> None:
    with suppress(OSError), folder.log("up").open("a") as log:
        traceback.print_exc(file=log)
