"""What the event log's scripts have to do, said again in plain data.

Owns the specified behaviour and nothing else: entries of the workflow are told apart by their names, those of
a step by their index. Must not know Redis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha1

from pydantic_core import to_json

from activities.store.event_log import Batch, Outcome, Position, Writer
from workflows.contract.publication import Publication

ENDED_WITH_TURN = frozenset({"status", "turn", "usage", "idle_at", "last_activity_at"})
"""What a step says of the session when it ends its turn."""


@dataclass(frozen=True)
class ModelEntry:
    epoch: int
    n: int
    kind: str
    event: bytes
    print: str


@dataclass
class ModelStep:
    name: str
    turn: int
    first: int
    fence: int = 0
    next: int = 0
    remembered: tuple[str, str, bytes] | None = None
    """Response, cursor and result of the last write that brought something."""
    tail: str = ""
    """What that kept beside the cursor."""
    ended: bool = False
    """Whether it said that its turn is over."""

    @property
    def result(self) -> bytes:
        return self.remembered[2] if self.remembered else b""


@dataclass
class LogModel:
    """One session's log, and what is kept beside it."""

    kept: int
    """Entries that stay when the log is trimmed."""
    epoch: int | None = None
    n: int = 0
    print: str = ""
    log: list[ModelEntry] = field(default_factory=list)
    base: int | None = None
    names: set[str] = field(default_factory=set)
    told: int = 0
    """Of them, those that publications brought."""
    said: int = 0
    """Of them, those that steps said."""
    revision: int | None = None
    step: ModelStep | None = None
    stop: int | None = None
    joins: str | None = None
    settled: int = 0
    session: dict[str, bytes] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    audio: set[str] = field(default_factory=set)
    """Ids of what is kept."""

    def publish(self, p: Publication) -> Outcome:
        admitted = self._admit(p)
        if admitted is not Outcome.OK:
            return admitted
        news = {entry.name for entry in p.entries} - self.names
        self._add_entries(p)
        self.told += len(news)
        self.base = p.base
        stale = ENDED_WITH_TURN if p.said < self.said else frozenset()
        self._project(p, {name: value for name, value in p.session.items() if name not in stale})
        self.writes = [*reversed([w for w in p.writes if w not in self.writes]), *self.writes]
        self._trim(p)
        return Outcome.OK

    def _admit(self, p: Publication) -> Outcome:
        if p.base == p.settled == p.said == 0 and p.epoch > (self.epoch or 0):
            if not self._can_be_heard(p, set()):
                return Outcome.INAUDIBLE
            self._begin_epoch(p)
            return Outcome.OK
        if p.epoch != self.epoch:
            return Outcome.LOST
        if p.base < (self.base or 0):
            return Outcome.ECHO if {entry.name for entry in p.entries} <= self.names else Outcome.LOST
        if p.settled > self.settled or p.said > self.said:
            return Outcome.LOST
        news = {entry.name for entry in p.entries} - self.names
        if len(news) != max(p.end - self.told, 0):
            return Outcome.LOST
        return Outcome.OK if self._can_be_heard(p, self.names) else Outcome.INAUDIBLE

    def _can_be_heard(self, p: Publication, known: set[str]) -> bool:
        news = [entry.event for entry in p.entries if entry.name not in known]
        return {event["audio_id"] for event in news if event["type"] == "speech.ready"} <= self.audio

    def begin(self, writer: Writer, p: Publication) -> Position | Outcome:
        published = self.publish(p)
        if published in {Outcome.LOST, Outcome.INAUDIBLE}:
            return published
        if self.step and self.step.fence > writer.fence:
            return Outcome.FENCED
        if self.step is None or self.step.name != writer.name:
            fence = self.step.fence if self.step else 0
            self.step = ModelStep(name=writer.name, turn=writer.turn, first=self.n + 1, fence=fence)
        self.step.fence = writer.fence
        response, cursor, done = self.step.remembered or ("", "", b"")
        return Position(
            next=self.step.next,
            response_id=response or None,
            cursor=int(cursor) if cursor else None,
            done=done or None,
            first=self.step.first,
            turn_ended=self.step.ended,
            tail=self.step.tail,
        )

    def append(self, writer: Writer, batch: Batch) -> Outcome:
        step = self.step
        if self.epoch != writer.epoch or step is None or step.fence < writer.fence:
            return Outcome.LOST
        if step.fence > writer.fence:
            return Outcome.FENCED
        reached = batch.start + len(batch.entries)
        if batch.entries and reached <= step.next:
            return Outcome.OK
        if step.result:
            return Outcome.OK if reached == step.next else Outcome.FENCED
        if batch.stoppable and self.stop == step.turn:
            return Outcome.STOPPED
        if batch.start > step.next:
            return Outcome.GAP
        for entry in batch.entries[step.next - batch.start :]:
            self._add(entry.kind, entry.event)
        if reached >= step.next:
            cursor = "" if batch.cursor is None else str(batch.cursor)
            step.next, step.remembered = reached, (batch.response_id or "", cursor, batch.done or b"")
            step.tail = batch.tail
            self.settled += batch.done is not None
            if batch.turn_end is not None:
                step.ended = self._end_turn(batch.turn_end)
        return Outcome.OK

    def join(self, writer: Writer) -> tuple[Writer, int] | Outcome:
        if (self.epoch or 0) <= writer.epoch:
            return Outcome.LOST
        if self.joins != writer.name or (self.step and self.step.fence > writer.fence):
            return Outcome.FENCED
        if self.step is None or self.step.name != writer.name:
            fence = self.step.fence if self.step else 0
            self.step = ModelStep(name=writer.name, turn=writer.turn, first=self.n + 1, fence=fence)
        self.step.fence = writer.fence
        return replace(writer, epoch=self.epoch or 0), self.step.next

    def request_stop(self, turn: int) -> None:
        self.stop = turn

    def _end_turn(self, p: Publication) -> bool:
        if (p.epoch, p.base, p.said) != (self.epoch, self.told, self.said) or p.revision < (
            self.revision or 0
        ):
            return False
        self.said += len({entry.name for entry in p.entries} - self.names)
        self._add_entries(p)
        self._project(p, p.session)
        self._trim(p)
        return True

    def _begin_epoch(self, p: Publication) -> None:
        self.epoch, self.n, self.print, self.log = p.epoch, 0, "", []
        self.base, self.names, self.revision = None, set(), None
        self.step = self.stop = None
        self.joins = p.running or ""
        self.told = self.said = self.settled = 0
        del self.messages[p.messages_from + len(p.messages) :]

    def _add(self, kind: str, event: bytes) -> None:
        self.n += 1
        self.print = sha1(self.print.encode() + event, usedforsecurity=False).hexdigest()[:8]
        self.log.append(ModelEntry(self.epoch or 0, self.n, kind, event, self.print))

    def _add_entries(self, p: Publication) -> None:
        for entry in p.entries:
            is_overtaken = entry.event["type"] == "turn.retrying" and self.said > p.said
            if entry.name not in self.names and not is_overtaken:
                self._add(entry.event["type"], to_json(entry.event))
        self.names |= {entry.name for entry in p.entries}

    def _trim(self, p: Publication) -> None:
        if p.trim and len(self.log) > 2 * self.kept:
            oldest = min(self.n - self.kept + 1, self.step.first if self.step else self.n)
            self.log = [entry for entry in self.log if entry.n >= oldest]

    def _project(self, p: Publication, session: Mapping[str, object]) -> None:
        is_newest = self.revision is None or p.revision >= self.revision
        for index, message in enumerate(p.messages, p.messages_from):
            is_new = index >= len(self.messages)
            self.messages += [b""] * (index + 1 - len(self.messages))
            if is_new or is_newest:
                self.messages[index] = message.model_dump_json().encode()
        if not is_newest:
            return
        self.revision = p.revision
        self.session |= {name: to_json(value) for name, value in session.items()}
        self.session |= {
            "_tenant": p.tenant.encode(),
            "_cursor": f"{p.epoch}-{self.n}".encode(),
            "_as_of": b"",
        }
        if p.closing:
            self.session["_closing"] = b"1"
