"""Owns the files that hold the parts' output; must not interpret it."""

from pathlib import Path

LARGEST = 10 * 1024 * 1024
TAIL = 4096


def rotate(log: Path) -> None:
    """Set a log aside that has grown large; one older file is kept."""
    if log.exists() and log.stat().st_size > LARGEST:
        log.replace(log.with_name(f"{log.name}.1"))


def size_of(log: Path) -> int:
    """Return how many bytes there are."""
    return log.stat().st_size if log.exists() else 0


def last_line(log: Path, since: int) -> str:
    """Return the last line with something in it that was written after the first `since` bytes, or ''."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, size_of(log) - TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
