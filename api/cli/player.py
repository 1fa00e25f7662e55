"""Programs that play audio.

Owns their names, their arguments and the life of their processes: one a sentence, ended by its id. Must not
know what is played.
"""

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

from api.cli.errors import WrongUsageError

CHOICE: Final = "PERDURE_PLAYER"
KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "quiet"),
    "mpv": ("--no-video", "--no-terminal"),
    "paplay": (),
    "aplay": ("-q",),
    "play": ("-q",),
    "afplay": (),
}
"""The first that is there is taken."""
GRACE_SECONDS: Final = 0.3
"""How long a player may take to fall silent by itself."""


class PlayerFailedError(Exception):
    """The player does not play; the text says what was seen of that."""


@dataclass(frozen=True)
class Player:
    """A command that plays the WAV file which is its last argument, and then ends."""

    argv: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program, as people call it."""
        return Path(self.argv[0]).name

    async def play(self, path: Path) -> None:
        """Play the file to its end; whoever cancels this ends the player. Raises PlayerFailedError."""
        process = await self._start(path)
        try:
            code = await process.wait()
        finally:
            await _end(process)
        if code != 0:
            raise PlayerFailedError(f"{self.name} ended with exit code {code}")

    async def _start(self, path: Path) -> asyncio.subprocess.Process:
        try:
            # A group of its own: a script's children end with it, and keys of the terminal do not reach it.
            return await asyncio.create_subprocess_exec(
                *self.argv, str(path), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, process_group=0
            )
        except OSError as error:
            raise PlayerFailedError(f"{self.name} does not start: {error.strerror}") from error


def find_player(
    environment: Mapping[str, str] = os.environ, which: Callable[[str], str | None] = shutil.which
) -> Player | None:
    """The one that PERDURE_PLAYER names, or the first that is known here. Raises WrongUsageError."""
    chosen = environment.get(CHOICE)
    if chosen:
        return _chosen_player(chosen, which)
    found = ((which(name), arguments) for name, arguments in KNOWN.items())
    return next((Player((program, *arguments)) for program, arguments in found if program), None)


def _chosen_player(command: str, which: Callable[[str], str | None]) -> Player:
    try:
        name, *arguments = shlex.split(command)
    except ValueError as error:
        raise WrongUsageError(f"{CHOICE} is no command: it must name a program that plays a file.") from error
    program = which(name)
    if program is None:
        raise WrongUsageError(
            f"{CHOICE} names {name}, which is not to be found: set it to another, or unset it."
        )
    return Player((program, *(arguments or KNOWN.get(Path(name).name, ()))))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let there be silence now."""
    if process.returncode is not None:
        return
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
