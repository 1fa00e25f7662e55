"""Owns what was asked of the offline speech and what that cost. Must not influence any answer."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Stats:
    """Counts since the start or the last reset."""

    speeches: int = 0
    transcriptions: int = 0
    syntheses_started: int = 0
    syntheses_finished: int = 0
    seconds: float = 0.0
    """Of sound in all."""


@dataclass
class RequestRecord:
    """One request, and how much sound it made."""

    connection: int
    """The client's port: the same for requests over one connection."""
    method: str
    path: str
    body: Any = None
    """Of a request for speech."""
    http_status: int | None = None
    seconds: float = 0.0


class Ledger:
    """The newest requests and all counts."""

    def __init__(self, kept_requests: int) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=kept_requests)
        self.stats = Stats()

    def note(self, record: RequestRecord) -> None:
        """Keep a request."""
        self._records.append(record)

    def requests(self) -> list[dict[str, Any]]:
        """Return the kept requests, oldest first."""
        return [asdict(record) for record in self._records]

    def counts(self) -> dict[str, Any]:
        """Return the counts by name."""
        return asdict(self.stats)

    def reset(self) -> None:
        """Begin anew with both."""
        self._records.clear()
        self.stats = Stats()
