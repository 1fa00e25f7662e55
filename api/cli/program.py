"""This program as a person can call it again.

Owns how its commands are spelled wherever they are named. Must not run anything.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

NAME: Final = "perdure"


def typed(*words: str) -> str:
    """The command of these words: by name where PATH leads to this very program, else by its path."""
    try:
        program = _program()
    except OSError:
        # The program or the working directory is gone: a hint is no reason to fail.
        program = NAME
    return " ".join((program, *words))


def _program() -> str:
    started, on_path = Path(sys.argv[0]), shutil.which(NAME)
    own = started.absolute() if started.name == NAME else Path(sys.executable).with_name(NAME)
    if not own.exists() or (on_path and own.samefile(on_path)):
        return NAME
    return shlex.quote(_shorter(own))


def _shorter(path: Path) -> str:
    relative = os.path.relpath(path)
    # Without a slash, a shell would look for it on PATH.
    return min(str(path), relative if os.sep in relative else f"./{relative}", key=len)
