"""The rules of a profile, searched in one text.

Owns what a rule sees: white space made even, and no more of it at once than a pattern's cost allows for. Must
not know sentences' neighbours nor what follows from a hit.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from workflows.contract.pattern import SEEN_AT_ONCE
from workflows.contract.safety import SafetyRule

_STEP: Final = SEEN_AT_ONCE // 2
"""Windows on a longer text overlap, so that a phrase of this length is never cut."""


class Rules:
    """Compiled once, searched in their order."""

    def __init__(self, rules: Sequence[SafetyRule]) -> None:
        self._rules = [(rule.name, re.compile(rule.pattern, re.IGNORECASE)) for rule in rules]

    def broken_by(self, text: str, border: int = 0) -> str | None:
        """The name of the first rule that `text`, made even, breaks with what lies behind `border`."""
        return next((name for name, pattern in self._rules if _found(pattern, text, border)), None)


def even(text: str) -> str:
    """`text` with each run of white space as one blank, without any at its ends."""
    return " ".join(text.split())


def _found(pattern: re.Pattern[str], text: str, border: int) -> bool:
    return any(
        match.end() > border
        for start, end in _windows(len(text))
        for match in pattern.finditer(text, start, end)
    )


def _windows(length: int) -> Iterator[tuple[int, int]]:
    start = 0
    while start + SEEN_AT_ONCE < length:
        yield start, start + SEEN_AT_ONCE
        start += _STEP
    yield start, length
