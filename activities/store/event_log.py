"""The event log of a session: what its writers do to it.

Every write is one script, so that there is no moment between what viewers see and what is remembered.
Delivery is exactly once because a writer's entries are counted (model step) or named (workflow), and because
the epoch and the fence let only the living write. Must not know providers or workflows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.resources import files
from time import monotonic
from typing import Any, Final

from pydantic_core import from_json, to_json
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from activities import metrics
from activities.store import keys
from activities.store.client import StoreUnavailableError, patience
from activities.store.listing import Listing
from activities.store.retention import Retention
from workflows.contract.base import unix_milliseconds
from workflows.contract.events import PublishedEvent
from workflows.contract.publication import Publication
from workflows.contract.session import Status

KEPT_ENTRIES: Final = 2_000
"""Entries that stay in the log when it is trimmed between turns, at twice as many."""


class Outcome(StrEnum):
    """What became of a write."""

    OK = "ok"
    ECHO = "echo"
    LOST = "lost"
    INAUDIBLE = "inaudible"
    """Raised as AudioLostError."""
    FENCED = "fenced"
    STOPPED = "stopped"
    GAP = "gap"


class AudioLostError(Exception):
    """Audio is missing of what is announced; nothing else is, and nothing was published."""

    def __init__(self, sentence_index: int) -> None:
        super().__init__(f"the store lost the audio of sentence {sentence_index} before it was announced")
        self.sentence_index = sentence_index


@dataclass(frozen=True)
class Writer:
    """One attempt of a model step. The `fence` grows with every attempt; below 2^53, exact in Lua."""

    session_id: str
    epoch: int
    name: str
    fence: int
    turn: int


@dataclass(frozen=True)
class Position:
    """Where a writer stands: after `begin`, where its predecessor stood."""

    next: int
    response_id: str | None
    """The provider's response that is being streamed."""
    cursor: int | None
    """The last of the provider's events that is in the log."""
    done: bytes | None
    """The step's result, once everything is in the log."""
    first: int
    """`n` of the first log entry that the step may have written."""
    turn_ended: bool = False
    """Whether the step has said that its turn is over."""
    tail: str = ""
    """What the step keeps beside the cursor."""


@dataclass(frozen=True)
class Entry:
    """One event, encoded once."""

    kind: str
    event: bytes

    @classmethod
    def of(cls, session_id: str, event: PublishedEvent) -> "Entry":
        """`event` as viewers see it."""
        return cls(kind=event.type, event=to_json(event.published(session_id)))


@dataclass(frozen=True)
class Batch:
    """Entries from index `start` of the writer, and what is remembered with them."""

    start: int
    entries: Sequence[Entry]
    response_id: str | None
    cursor: int | None
    done: bytes | None = None
    stoppable: bool = True
    """Whether a stop that was asked for goes first."""
    tail: str = ""
    turn_end: Publication | None = None
    """With the step's result: what it says of its turn's end, if the workflow said nothing since it began."""


@dataclass(frozen=True)
class Appended:
    """What became of a batch."""

    outcome: Outcome
    next: int
    """The writer's next index."""
    turn_ended: bool = False
    """Whether the step has said that its turn is over."""


@dataclass(frozen=True)
class LastWords:
    """What is said for a workflow that cannot: events, changed fields, the message that was being said."""

    entries: Sequence[Entry]
    fields: Mapping[str, Any]
    message: bytes | None


def _script(name: str) -> str:
    folder = files("activities.store")
    return folder.joinpath("prelude.lua").read_text() + folder.joinpath(name).read_text()


class EventLog:
    """Writes to the logs of all sessions. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._listing = Listing(redis)
        self._retention = Retention(redis)
        self._publish = redis.register_script(_script("publish.lua"))
        self._begin = redis.register_script(_script("begin.lua"))
        self._append = redis.register_script(_script("append.lua"))
        self._cut_off = redis.register_script(_script("cut_off.lua"))
        self._join = redis.register_script(_script("join.lua"))

    async def publish(self, publication: Publication) -> Outcome:
        """Publish what is new in `publication`: OK, ECHO or LOST. Raises AudioLostError."""
        session_id = publication.session_id
        args = [*_arguments(publication), keys.channel(session_id)]
        outcome, news, *inaudible = await _run("publish", self._publish, session_id, args)
        _check_audio(outcome, inaudible)
        _count(publication, news)
        if outcome is not Outcome.LOST:
            await self.enlist(publication)
        return outcome

    async def begin(self, writer: Writer, publication: Publication) -> Position | Outcome:
        """Publish, then let `writer` take over: its position, or LOST or FENCED. Raises AudioLostError.

        Enlisting the session is left to the caller, who may have something more urgent to do.
        """
        args = [
            *_arguments(publication),
            keys.channel(writer.session_id),
            writer.name,
            writer.fence,
            writer.turn,
        ]
        outcome, news, *position = await _run("begin", self._begin, writer.session_id, args)
        _check_audio(outcome, position)
        _count(publication, news)
        return _position(position) if outcome is Outcome.OK else outcome

    async def append(self, writer: Writer, batch: Batch) -> Appended:
        """Append `batch`."""
        args: list[Any] = [
            keys.channel(writer.session_id),
            writer.epoch,
            writer.fence,
            batch.start,
            batch.response_id or "",
            "" if batch.cursor is None else batch.cursor,
            batch.tail,
            batch.done or b"",
            int(batch.stoppable),
            len(batch.entries),
        ]
        for entry in batch.entries:
            args += (entry.kind, entry.event)
        if batch.turn_end is not None:
            args += _arguments(batch.turn_end)
        outcome, index, ended, news = await _run("append", self._append, writer.session_id, args)
        if batch.turn_end is not None:
            _count(batch.turn_end, news)
        return Appended(outcome, int(index), turn_ended=bool(ended))

    async def join(self, writer: Writer) -> tuple[Writer, int] | Outcome:
        """Let `writer` go on in a newer epoch: as it is there, and its next index.

        LOST while there is none, FENCED where its step does not run any more.
        """
        args: list[Any] = [writer.epoch, writer.name, writer.fence, writer.turn]
        async with patience():
            reply = await self._join(keys=keys.script_keys(writer.session_id), args=args)
        outcome = Outcome(reply[0].decode())
        return (replace(writer, epoch=int(reply[1])), int(reply[2])) if outcome is Outcome.OK else outcome

    async def request_stop(self, session_id: str, turn: int) -> None:
        """Let no more of `turn` into the log than its closing words."""
        async with patience():
            await self._redis.hset(keys.head(session_id), "stop", str(turn))

    async def cut_off(self, session_id: str, tenant: str, n: int, last: "LastWords") -> Outcome:
        """End a session for a workflow that cannot: OK, LOST, or GAP when the log does not end at `n`."""
        args: list[Any] = [keys.channel(session_id), keys.feed(tenant), n, last.message or b""]
        args.append(len(last.fields))
        for name, value in last.fields.items():
            args += (name, to_json(value))
        args.append(len(last.entries))
        for entry in last.entries:
            args += (entry.kind, entry.event)
        async with patience():
            reply = await self._cut_off(keys=keys.script_keys(session_id), args=args)
        outcome = Outcome(reply.decode())
        if outcome is Outcome.OK:
            for entry in last.entries:
                metrics.told(entry.kind, from_json(entry.event))
        return outcome

    async def enlist(self, publication: Publication) -> None:
        """Put the session in its tenant's list, and among those that are over when it is."""
        session_id, session = publication.session_id, publication.session
        await self._listing.enlist(publication.tenant, session_id, session)
        if session.get("status") == Status.CLOSED:
            ended_at = unix_milliseconds(publication.as_of or datetime.now(UTC))
            await self._retention.note_end(session_id, ended_at)


async def _run(
    kind: metrics.WriteKind, script: AsyncScript, session_id: str, args: Sequence[Any]
) -> tuple[Outcome, *tuple[Any, ...]]:
    """The outcome of a script, and the rest of its answer; counted."""
    began = monotonic()
    try:
        async with patience():
            reply = await script(keys=keys.script_keys(session_id), args=args)
    except StoreUnavailableError:
        metrics.wrote_in_vain(kind)
        raise
    outcome = Outcome(reply[0].decode())
    metrics.wrote(kind, outcome, monotonic() - began)
    return outcome, *reply[1:]


def _check_audio(outcome: Outcome, reply: Sequence[Any]) -> None:
    if outcome is Outcome.INAUDIBLE:
        raise AudioLostError(reply[0])


def _count(publication: Publication, news: Sequence[int]) -> None:
    """Count what of `publication` was not in the log before: an echo says nothing twice."""
    for place in news:
        event = publication.entries[place].event
        metrics.told(event["type"], event)


def _arguments(p: Publication) -> list[Any]:
    fields = {name: to_json(value) for name, value in p.session.items()} | {"_tenant": p.tenant}
    args: list[Any] = [
        keys.feed(p.tenant),
        p.epoch,
        p.base,
        p.settled,
        p.said,
        p.revision,
        "" if p.as_of is None else unix_milliseconds(p.as_of),
        int(p.closing),
        p.running or "",
        p.run,
        p.continued,
        KEPT_ENTRIES if p.trim else 0,
        p.messages_from,
        len(p.entries),
        len(fields),
        len(p.messages),
        len(p.writes),
    ]
    for entry in p.entries:
        args += (entry.name, entry.event["type"], to_json(entry.event))
    for field in fields.items():
        args += field
    args += (message.model_dump_json() for message in p.messages)
    args += p.writes
    return args


def _position(reply: Sequence[bytes]) -> Position:
    index, response_id, cursor, tail, done, ended, first = reply
    return Position(
        next=int(index),
        response_id=response_id.decode() or None,
        cursor=int(cursor) if cursor else None,
        done=done or None,
        first=int(first),
        turn_ended=bool(ended),
        tail=tail.decode(),
    )
