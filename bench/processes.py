"""What processes use, as the kernel counts it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

TICKS: Final = 100
"""Of /proc, a second."""
PAGE_BYTES: Final = 4096


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time that these processes have used since they began."""
    return sum(map(_cpu_seconds, pids))


def _cpu_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS


def memory_bytes(pid: int) -> int:
    """Memory that the process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * PAGE_BYTES
