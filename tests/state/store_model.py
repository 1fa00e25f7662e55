"""What the store makes of publications: the least that the outbox relies on.

Owns one log and one projection in memory; never forgets a name.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from workflows.contract.publication import LogEntry, Publication
from workflows.contract.session import TranscriptMessage


class LostError(Exception):
    """The store does not hold what the publication continues."""


@dataclass
class StoreModel:
    epoch: int = 0
    end: int = 0
    revision: int = -1
    names: set[str] = field(default_factory=set)
    log: list[LogEntry] = field(default_factory=list)
    session: dict[str, Any] = field(default_factory=dict)
    messages: dict[int, TranscriptMessage] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    closing: bool = False

    def publish(self, publication: Publication) -> None:
        self._admit(publication)
        for entry in publication.entries:
            if entry.name not in self.names:
                self.names.add(entry.name)
                self.log.append(entry)
        self.end = max(self.end, publication.end)
        if publication.revision >= self.revision:
            self.revision = publication.revision
            self.session |= publication.session
        self.messages |= dict(enumerate(publication.messages, publication.messages_from))
        self.writes |= set(publication.writes)
        self.closing |= publication.closing

    def lose_everything(self) -> None:
        self.__init__()  # type: ignore[misc]

    def copy(self) -> "StoreModel":
        return deepcopy(self)

    def _admit(self, publication: Publication) -> None:
        if self.epoch < publication.epoch and publication.base == 0:
            self.lose_everything()
            self.epoch = publication.epoch
        elif self.epoch != publication.epoch or publication.base > self.end:
            raise LostError
