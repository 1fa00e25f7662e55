"""Reading what the workflow projected: session object and transcript.

Owns the way from the store's fields to values; the writes are `event_log`'s, but for what exists before the
workflow has spoken (`announce`) and what it cannot tell again (`restore`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience
from activities.store.cursor import BEGINNING, Cursor
from activities.store.listing import Listing
from workflows.contract.base import unix_milliseconds
from workflows.contract.publication import REJECTED
from workflows.contract.session import SessionView, Status, TranscriptMessage
from workflows.contract.start import SessionStart

_OWN_FIELD = b"_"
_RAISE = """
if tonumber(redis.call('GET', KEYS[1]) or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""


@dataclass(frozen=True)
class ProjectedSession:
    """The session object, as of the log's `cursor`; the log itself ended at `end` then."""

    fields: dict[str, Any]
    tenant: str
    cursor: Cursor
    closing: bool
    end: Cursor = BEGINNING
    rejected: Sequence[dict[str, Any]] = ()
    """The last messages that were rejected: `message_id`, `reason`."""

    @property
    def closed(self) -> bool:
        """Whether the session has ended."""
        return bool(self.fields["status"] == "closed")


@dataclass(frozen=True)
class Image:
    """Session object and transcript as of one place in the log."""

    session: ProjectedSession | None
    messages: Sequence[TranscriptMessage]

    @property
    def cursor(self) -> Cursor:
        """That place."""
        return self.session.cursor if self.session else BEGINNING


class Projection:
    """Reads for all sessions. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._listing = Listing(redis)
        self._raise = redis.register_script(_RAISE)

    async def check(self) -> None:
        """Raise StoreUnavailableError unless the store answers and takes writes."""
        async with patience():
            await self._redis.set(keys.CHECK, "", ex=60)

    async def count_above(self, tenant: str, number: int) -> bool:
        """Let the tenant's next key be above `number`; whether the counter had to be raised for it."""
        async with patience():
            raised = await self._raise(keys=[keys.key_counter(tenant)], args=[number])
        return bool(raised)

    async def announce(self, start: SessionStart) -> None:
        """Make a session readable before its workflow has said anything; never overwrites what it said."""
        fields = start.view().fields()
        async with patience():
            key = keys.session(start.session_id)
            # A store that loses its last second loses all of it, or nothing.
            pipe = self._redis.pipeline(transaction=True)
            pipe.hsetnx(key, "_tenant", start.tenant)
            pipe.hsetnx(key, "_as_of", unix_milliseconds(start.created_at))
            for name, value in fields.items():
                pipe.hsetnx(key, name, to_json(value))
            await pipe.execute()
        await self._listing.enlist(start.tenant, start.session_id, fields)

    async def restore(self, session: ProjectedSession, messages: Sequence[dict[str, Any]]) -> None:
        """Make a session readable that is over, and that the store has lost."""
        fields, session_id = session.fields, session.fields["session_id"]
        values: dict[Any, Any] = {name: to_json(value) for name, value in fields.items() if name != "cursor"}
        values |= {"_tenant": session.tenant.encode(), "_cursor": session.cursor.stream_id.encode()}
        # First: who finds the object takes the session for restored.
        await self.list_again(session)
        async with patience():
            pipe = self._redis.pipeline(transaction=True)
            pipe.delete(keys.log(session_id), keys.head(session_id), keys.messages(session_id))
            pipe.hset(keys.session(session_id), mapping=values)
            if messages:
                pipe.rpush(keys.messages(session_id), *map(to_json, messages))
            await pipe.execute()

    async def list_again(self, session: ProjectedSession) -> None:
        """Put a session in its tenant's list that may have been lost from it."""
        await self._listing.enlist(session.tenant, session.fields["session_id"], session.fields)

    async def session(self, session_id: str) -> ProjectedSession | None:
        """The session object; None when the store does not know the session."""
        async with patience():
            pipe = self._redis.pipeline(transaction=False)
            pipe.hmget(keys.head(session_id), "epoch", "n")
            pipe.hgetall(keys.session(session_id))
            (epoch, n), found = await pipe.execute()
        session = _projected(found)
        return session and replace(session, end=Cursor(int(epoch or 0), int(n or 0)))

    async def is_closing(self, session_id: str) -> bool:
        """Whether what is sent now may come too late."""
        async with patience():
            return bool(await self._redis.hexists(keys.session(session_id), "_closing"))

    async def has_written(self, session_id: str, write_id: str) -> bool:
        """Whether a request has taken effect."""
        async with patience():
            return await self._redis.lpos(keys.writes(session_id), write_id) is not None

    async def messages(
        self, session_id: str, start: int, end: int
    ) -> Sequence[tuple[int, TranscriptMessage]] | None:
        """The transcript from index `start` to before `end` with their indices; None if it is shorter.

        Messages that were lost with the store are left out.
        """
        if end <= start:
            return []
        async with patience():
            found: Any = await self._redis.lrange(keys.messages(session_id), start, end - 1)
        if len(found) < end - start:
            return None
        return [
            (index, TranscriptMessage.model_validate_json(message))
            for index, message in enumerate(found, start)
            if message
        ]

    async def image(self, session_id: str) -> Image:
        """Everything that was projected, read at one moment."""
        async with patience():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hgetall(keys.session(session_id))
            pipe.lrange(keys.messages(session_id), 0, -1)
            session, messages = await pipe.execute()
        held = [TranscriptMessage.model_validate_json(message) for message in messages if message]
        return Image(_projected(session), held)

    async def message_count(self, session_id: str) -> int:
        """The length of the transcript."""
        async with patience():
            return int(await self._redis.llen(keys.messages(session_id)))

    async def sessions(self, session_ids: Sequence[str]) -> Sequence[ProjectedSession | None]:
        """The session objects of these ids."""
        async with patience():
            pipe = self._redis.pipeline(transaction=False)
            for session_id in session_ids:
                pipe.hgetall(keys.session(session_id))
            return [_projected(found) for found in await pipe.execute()]


def _projected(found: dict[bytes, bytes]) -> ProjectedSession | None:
    # What never changes is told once: where it is missing, the rest is what was told after a loss.
    if b"session_id" not in found:
        return None
    own = {name: value for name, value in found.items() if name.startswith(_OWN_FIELD)}
    cursor = Cursor.parse(own.get(b"_cursor", b"").decode()) or BEGINNING
    fields = {name.decode(): from_json(value) for name, value in found.items() if name not in own}
    _count_on(fields, own.get(b"_as_of"))
    ordered = {name: fields[name] for name in SessionView.model_fields if name in fields}
    return ProjectedSession(
        fields=ordered | {"cursor": str(cursor)},
        tenant=own.get(b"_tenant", b"").decode(),
        cursor=cursor,
        closing=b"_closing" in own,
        rejected=from_json(own.get(REJECTED.encode(), b"[]")),
    )


def _count_on(fields: dict[str, Any], as_of: bytes | None) -> None:
    """Active seconds go on while nobody tells: as of now, not of when they were told."""
    if as_of and fields["status"] in {Status.ACTIVE, Status.IDLE}:
        since = timedelta(milliseconds=unix_milliseconds(datetime.now(UTC)) - int(as_of))
        fields["active_seconds"] = round(fields["active_seconds"] + max(since.total_seconds(), 0.0), 3)
