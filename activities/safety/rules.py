"""The rules of a profile, searched in one text.

Owns what a rule sees: white space made even, and no more of it at once than a pattern's cost allows for. Must
not know sentences' neighbours nor what follows from a hit.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Final

from workflows.contract.pattern import SEEN_AT_ONCE
from workflows.contract.safety import SafetyRule

HELD_SECONDS: Final = 0.01
"""After which searching lets others run; no search can be interrupted."""
_STEP: Final = SEEN_AT_ONCE // 2
"""Windows on a longer text overlap, so that a phrase of this length is never cut."""


class Rules:
    """Compiled once, searched in their order."""

    def __init__(self, rules: Sequence[SafetyRule]) -> None:
        self._rules = [(rule.name, re.compile(rule.pattern, re.IGNORECASE)) for rule in rules]
        self._others_ran = monotonic()

    async def broken_by(self, text: str, border: int = 0) -> str | None:
        """The name of the first rule that `text`, made even, breaks with what lies behind `border`."""
        for name, pattern in self._rules:
            for start, end in _windows(len(text)):
                if any(match.end() > border for match in pattern.finditer(text, start, end)):
                    return name
                await self._let_others_run()
        return None

    async def _let_others_run(self) -> None:
        if monotonic() - self._others_ran > HELD_SECONDS:
            await asyncio.sleep(0)
            self._others_ran = monotonic()


def even(text: str) -> str:
    """`text` with each run of white space as one blank, without any at its ends."""
    return " ".join(text.split())


def _windows(length: int) -> Iterator[tuple[int, int]]:
    start = 0
    while start + SEEN_AT_ONCE < length:
        yield start, start + SEEN_AT_ONCE
        start += _STEP
    yield start, length
