"""What `perdure up` writes about the processes that it keeps running.

Owns reading it, for a person who wants to see one of them end and come back. Must not write it.
"""

import json
from pathlib import Path
from typing import Any


def worker_pid(record: Path) -> int | None:
    """The worker's process now; None where the record is missing or does not say it."""
    try:
        found: Any = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    worker = found.get("worker") if isinstance(found, dict) else None
    pid = worker.get("pid") if isinstance(worker, dict) else None
    # It becomes part of a command: 0 and less would end more than a process.
    return pid if type(pid) is int and pid > 0 else None
