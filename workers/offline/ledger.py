"""Owns what was asked of the offline model and what that cost. Must not influence any answer."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from workers.offline.responses import StoredResponse


@dataclass
class Stats:
    """Counts since the start or the last reset."""

    creates: int = 0
    retrieves: int = 0
    cancels: int = 0
    deletes: int = 0
    moderations: int = 0
    generations_started: int = 0
    generations_finished: int = 0
    """Reached their end: completed, failed or incomplete."""
    generations_cancelled: int = 0
    generations_abandoned: int = 0
    """Stopped because their connection went away."""
    deltas: int = 0
    """Of all generations that are over."""


@dataclass
class RequestRecord:
    """One request, and the response that it made or named."""

    connection: int
    """The client's port: the same for requests over one connection."""
    method: str
    path: str
    query: dict[str, str]
    body: Any
    http_status: int | None = None
    response: StoredResponse | None = None

    def render(self) -> dict[str, Any]:
        """Return the record as JSON; deltas and final status are those of now."""
        response = self.response
        return {
            "connection": self.connection,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "http_status": self.http_status,
            "response_id": response.id if response else None,
            "deltas": response.log.delta_count if response else 0,
            "final_status": response.status if response else None,
        }


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
        return [record.render() for record in self._records]

    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self.stats)

    def reset(self) -> None:
        """Begin anew with both."""
        self._records.clear()
        self.stats = Stats()
