"""A worker without one of its safeties: `python -m tests.chaos.broken_worker fencing`.

Proves that the harness notices. Owns how a safety is taken out, in this process only and from outside: the
product has no switch for it.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

from activities.store import event_log
from workers.cli import main as perdure
from workflows.state import decide


def _without_fencing() -> None:
    """Attempts that were taken over go on writing."""
    _rewrite_scripts(
        {
            "if known > fence then return { 'fenced', 0, '', {} } end": "",
            "if counter('fence') > fence then return { 'fenced', p.news } end": "",
        }
    )


def _without_deduplication() -> None:
    """A message that is sent again is another message."""

    def never(*_: Any) -> bool:
        return False

    decide.__dict__["_is_known"] = never


def _rewrite_scripts(changes: dict[str, str]) -> None:
    read: Callable[[str], str] = event_log._script

    def rewritten(name: str) -> str:
        text = read(name)
        for old, new in changes.items():
            text = text.replace(old, new)
        return text

    scripts = "".join(map(read, ("begin.lua", "append.lua")))
    assert all(old in scripts for old in changes), "the safety is not where it was"
    event_log._script = rewritten


SAFETIES: Final = {
    "fencing": _without_fencing,
    "deduplication": _without_deduplication,
}

if __name__ == "__main__":
    SAFETIES[sys.argv.pop(1)]()
    sys.argv[0] = "perdure"
    perdure()
