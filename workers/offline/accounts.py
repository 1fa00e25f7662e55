"""Owns what was asked of a local provider and what that cost. Must not know what any of it means."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar


@dataclass(kw_only=True)
class Recorded:
    """What is kept of every request."""

    connection: int
    """The client's port: the same for requests over one connection."""
    method: str
    path: str
    body: Any = None
    http_status: int | None = None

    def render(self) -> dict[str, Any]:
        """Return the record as JSON."""
        return asdict(self)


@dataclass
class Counted:
    """What a provider counts, from zero on."""


Record = TypeVar("Record", bound=Recorded)
Stats = TypeVar("Stats", bound=Counted)


class Accounts(Generic[Record, Stats]):
    """The newest requests and all counts."""

    def __init__(self, kind: type[Stats], kept_requests: int) -> None:
        self._kind = kind
        self._records: deque[Record] = deque(maxlen=kept_requests)
        self.stats = kind()

    def note(self, record: Record) -> None:
        """Keep a request."""
        self._records.append(record)

    def requests(self) -> list[dict[str, Any]]:
        """Return the kept requests, oldest first."""
        return [record.render() for record in self._records]

    def counts(self) -> dict[str, Any]:
        """Return the counts by name."""
        return asdict(self.stats)

    def reset(self) -> None:
        """Begin anew with both."""
        self._records.clear()
        self.stats = self._kind()
