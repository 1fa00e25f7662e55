"""What was counted, read as a scraper reads it.

Owns parsing a page and the difference of two; must not know what is counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Counts:
    """The series of one page."""

    series: Mapping[Series, float]

    @classmethod
    def on(cls, page: str) -> "Counts":
        families = text_string_to_metric_families(page)
        samples = [sample for family in families for sample in family.samples]
        return cls({(s.name, frozenset(s.labels.items())): s.value for s in samples})

    @classmethod
    def here(cls) -> "Counts":
        """Of this process."""
        return cls.on(generate_latest(REGISTRY).decode())

    def of(self, name: str, **labels: str) -> float:
        """The sum of the series of this name that have these labels."""
        wanted = labels.items()
        return sum(value for (found, has), value in self.series.items() if found == name and wanted <= has)

    def since(self, before: "Counts") -> "Counts":
        """What came to it; nothing where a series did not change."""
        grown = {key: value - before.series.get(key, 0) for key, value in self.series.items()}
        return Counts({key: value for key, value in grown.items() if value})

    def labels(self, prefix: str) -> Iterator[tuple[str, str, str]]:
        """Name, label and value of every series whose name begins so."""
        for name, has in self.series:
            if name.startswith(prefix):
                yield from ((name, label, value) for label, value in has)


class Counting:
    """What this process counts from now on."""

    def __init__(self) -> None:
        self._before = Counts.here()

    def of(self, name: str, **labels: str) -> float:
        return Counts.here().since(self._before).of(name, **labels)
