"""Figures: percentiles, and one row of the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def in_ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def spread(values: Sequence[float]) -> str:
    return f"p50 {in_ms(median(values))}, p95 {in_ms(percentile(values, 0.95))}"


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, what it is compared with, and whether it is good enough."""

    figure: str
    measured: str
    floor: str
    target: str
    met: bool

    def markdown(self) -> str:
        verdict = "yes" if self.met else "**no**"
        return f"| {self.figure} | {self.measured} | {self.floor} | {self.target} | {verdict} |"


HEADER = "| figure | measured | beside it | target | met |\n|---|---|---|---|---|"
