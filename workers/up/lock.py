"""Owns the rule that one data directory has one `up`; must not touch what the directory holds."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.up.refusal import UpRefusedError


@contextmanager
def sole_owner(lock: Path) -> Iterator[None]:
    """Hold the directory's lock; the system gives it back whenever and however this process ends."""
    # Never removed: a lock on a file that has just been unlinked would keep nobody out.
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, lock)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, lock: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode().strip()
        raise UpRefusedError(
            f"another up (pid {holder}) already runs on {lock.parent}; "
            f"use it, stop it (kill {holder}), or choose another directory with --data-dir"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
