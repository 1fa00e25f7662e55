"""What can be wrong with a run: kinds of violations and how they are counted.

Pure: owns the vocabulary; must not find any.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Harm(StrEnum):
    """What a violation did to somebody."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    NONDETERMINISM = "nondeterminism"
    BROKEN = "broken"
    """Any other promise."""


@dataclass(frozen=True)
class Violation:
    """A promise that was broken, and where."""

    harm: Harm
    session_id: str
    detail: str

    def __str__(self) -> str:
        return f"{self.harm}: {self.session_id or 'the run'}: {self.detail}"


def count(violations: Iterable[Violation], harm: Harm) -> int:
    """How many of a kind."""
    return sum(violation.harm is harm for violation in violations)
