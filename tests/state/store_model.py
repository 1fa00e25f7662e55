"""What the store makes of publications: `activities/store/prelude.lua` in plain Python.

Owns one log and one projection in memory; never forgets a name.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from workflows.contract.publication import LogEntry, Publication
from workflows.contract.session import TranscriptMessage


class LostError(Exception):
    """The store is not what the workflow takes it for."""


@dataclass
class StoreModel:
    epoch: int = 0
    base: int = 0
    """Of the newest publication."""
    revision: int = -1
    log: list[LogEntry] = field(default_factory=list)
    session: dict[str, Any] = field(default_factory=dict)
    messages: dict[int, TranscriptMessage] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    closing: bool = False

    @property
    def names(self) -> set[str]:
        return {entry.name for entry in self.log}

    def publish(self, publication: Publication) -> None:
        """Raises LostError."""
        if self.epoch < publication.epoch and publication.base == 0:
            self._begin_epoch(publication)
        if self.epoch != publication.epoch:
            raise LostError
        news = self._news(publication)
        if publication.base < self.base and not news:
            return
        if publication.base < self.base or len(news) != max(publication.end - len(self.log), 0):
            # The log holds what the workflow told, nothing less and nothing else.
            raise LostError
        self.base = publication.base
        self.log += news
        self._project(publication)

    def copy(self) -> "StoreModel":
        return deepcopy(self)

    def _begin_epoch(self, publication: Publication) -> None:
        self.log, self.base, self.revision, self.epoch = [], 0, -1, publication.epoch

    def _news(self, publication: Publication) -> list[LogEntry]:
        names = self.names
        return [entry for entry in publication.entries if entry.name not in names]

    def _project(self, publication: Publication) -> None:
        if publication.revision >= self.revision:
            self.revision = publication.revision
            self.session |= publication.session
            self.closing |= publication.closing
        self.messages |= dict(enumerate(publication.messages, publication.messages_from))
        self.writes |= set(publication.writes)
