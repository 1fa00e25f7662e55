"""Owns what the offline speech keeps of a request, and what it counts. Must not influence any answer."""

from dataclasses import dataclass

from workers.offline.accounts import Accounts, Counted, Recorded


@dataclass
class Stats(Counted):
    """Counts since the start or the last reset."""

    speeches: int = 0
    transcriptions: int = 0
    syntheses_started: int = 0
    syntheses_finished: int = 0
    seconds: float = 0.0
    """Of sound in all."""


@dataclass(kw_only=True)
class RequestRecord(Recorded):
    """One request, its body only of one for speech, and how much sound it made."""

    seconds: float = 0.0


class Ledger(Accounts[RequestRecord, Stats]):
    """What was asked of the speech, and its counts."""

    def __init__(self, kept_requests: int) -> None:
        super().__init__(Stats, kept_requests)
