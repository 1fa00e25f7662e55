"""From a command to an exit code.

Owns how failures reach the shell: one line on standard error, never a traceback.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

from api.cli.client import Api
from api.cli.errors import CommandError, ExitCode
from api.cli.settings import read_settings

Work = Callable[[Api], Awaitable[None]]


def run(work: Work) -> NoReturn:
    """Do `work` with the API that the environment names, and end the process."""
    _write_what_the_terminal_cannot()
    raise SystemExit(_exit_code(work))


def _exit_code(work: Work) -> ExitCode:
    try:
        asyncio.run(_with_api(work))
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever reads has enough, as `head` does; nothing may be written at the end of the process either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.DONE


async def _with_api(work: Work) -> None:
    async with Api(read_settings()) as api:
        await work(api)


def _write_what_the_terminal_cannot() -> None:
    """A character that the output's encoding lacks becomes a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
