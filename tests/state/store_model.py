"""What the store makes of publications: `activities/store/prelude.lua` in plain Python.

Owns one log and one projection in memory; never forgets a name.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.contract.errors import StoreFault
from workflows.contract.publication import REJECTED, LogEntry, Publication
from workflows.contract.session import TranscriptMessage
from workflows.state.store_finding import StoreFinding

ENDED_WITH_TURN: Final = frozenset({"status", "turn", "usage", "idle_at", "last_activity_at"})
"""What a step says of the session when it ends its turn."""


class LostError(Exception):
    """The store is not what the workflow takes it for, or audio is missing of what is announced."""

    def __init__(self, fault: StoreFault = StoreFault.EPOCH_LOST, sentence_index: int = 0) -> None:
        super().__init__(fault)
        self.finding = StoreFinding(fault, sentence_index)


@dataclass
class StoreModel:
    epoch: int = 0
    base: int = 0
    """Of the newest publication."""
    revision: int = -1
    log: list[LogEntry] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    """The names of entries that steps said for the workflow."""
    overtaken: set[str] = field(default_factory=set)
    """The names of retries that are told, and not shown: their turn was over."""
    session: dict[str, Any] = field(default_factory=dict)
    messages: dict[int, TranscriptMessage] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    closing: bool = False
    inaudible: set[int] = field(default_factory=set)
    """Sentences whose audio was kept, and lost."""
    ever: frozenset[str] = frozenset()
    """The names of all entries that viewers were ever told."""

    @property
    def names(self) -> set[str]:
        return {entry.name for entry in self.log} | self.overtaken

    @property
    def told(self) -> int:
        return len(self.log) + len(self.overtaken) - len(self.said)

    @property
    def rejected(self) -> list[dict[str, Any]]:
        rejected: list[dict[str, Any]] = self.session.get(REJECTED, [])
        return rejected

    def end_turn(self, publication: Publication) -> bool:
        """Let a step say its turn's end; again and again, as its attempts do."""
        names = {entry.name for entry in publication.entries}
        if names <= self.said:
            return True
        if (publication.base, publication.said) != (self.told, len(self.said)):
            return False
        if self.epoch != publication.epoch or publication.revision < self.revision:
            return False
        self.said |= names
        self.log += self._news(publication)
        self._project(publication)
        return True

    def publish(self, publication: Publication) -> None:
        """Raises LostError."""
        if self.epoch < publication.epoch and publication.base == publication.said == 0:
            self._check_audio(publication)
            self._begin_epoch(publication)
        if self.epoch != publication.epoch:
            raise LostError
        news = self._news(publication)
        if publication.base < self.base and not news:
            return
        if publication.base < self.base or len(news) != max(publication.end - self.told, 0):
            # The log holds what the workflow told, nothing less and nothing else.
            raise LostError
        if publication.said > len(self.said):
            raise LostError
        self._check_audio(publication)
        self.base = publication.base
        if publication.said < len(self.said):
            self.overtaken |= {entry.name for entry in news if entry.event["type"] == "turn.retrying"}
        self.log += [entry for entry in news if entry.name not in self.overtaken]
        self.ever |= {entry.name for entry in news}
        stale = ENDED_WITH_TURN if publication.said < len(self.said) else frozenset()
        self._project(publication, without=stale)

    def copy(self) -> "StoreModel":
        return deepcopy(self)

    def _begin_epoch(self, publication: Publication) -> None:
        self.log, self.base, self.revision, self.epoch = [], 0, -1, publication.epoch
        self.said, self.overtaken = set(), set()

    def _check_audio(self, publication: Publication) -> None:
        ready = [entry.event for entry in publication.entries if entry.event["type"] == "speech.ready"]
        silent = self.inaudible & {event["sentence_index"] for event in ready}
        if silent:
            raise LostError(StoreFault.AUDIO_LOST, min(silent))

    def _news(self, publication: Publication) -> list[LogEntry]:
        names = self.names
        return [entry for entry in publication.entries if entry.name not in names]

    def _project(self, publication: Publication, without: frozenset[str] = frozenset()) -> None:
        messages = dict(enumerate(publication.messages, publication.messages_from))
        if publication.revision >= self.revision:
            self.revision = publication.revision
            told = publication.session.items()
            self.session |= {name: value for name, value in told if name not in without}
            self.closing |= publication.closing
            self.messages |= messages
        self.messages = messages | self.messages
        self.writes |= set(publication.writes)
