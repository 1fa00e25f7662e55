"""Owns the watch over free disk space; must not free any."""

import asyncio
import shutil
from pathlib import Path

from workers.up.console import say
from workers.up.refusal import reason_of

# Temporal's database and the store's rewrites need room beyond the text that is kept.
LEAST_FREE = 64 * 1024 * 1024
PAUSE = 15.0


def shortage(folder: Path) -> str | None:
    """Say in one line that there is too little space, or return None."""
    free = shutil.disk_usage(folder).free
    if free >= LEAST_FREE:
        return None
    megabytes = free // (1024 * 1024)
    return (
        f"disk of {folder} is full ({megabytes} MB free); free some space, or choose another with --data-dir"
    )


async def watch(folder: Path) -> None:
    """Say once that the disk gets full, and again when it does so after it had room."""
    said = False
    while True:
        line = _shortage_now(folder)
        if line and not said:
            say(line)
        said = line is not None
        await asyncio.sleep(PAUSE)


def _shortage_now(folder: Path) -> str | None:
    try:
        return shortage(folder)
    except OSError as error:
        return f"data directory {folder} is lost ({reason_of(error)}); stop with Ctrl-C and start again"
