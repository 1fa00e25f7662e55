"""Owns what the offline model keeps of a request, and what it counts. Must not influence any answer."""

from dataclasses import dataclass
from typing import Any

from workers.offline.accounts import Accounts, Counted, Recorded
from workers.offline.responses import StoredResponse


@dataclass
class Stats(Counted):
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


@dataclass(kw_only=True)
class RequestRecord(Recorded):
    """One request, and the response that it made or named."""

    query: dict[str, str]
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


class Ledger(Accounts[RequestRecord, Stats]):
    """What was asked of the model, and its counts."""

    def __init__(self, kept_requests: int) -> None:
        super().__init__(Stats, kept_requests)
