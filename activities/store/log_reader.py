"""Reading a session's event log.

Owns the way from stream entries to what readers need, and the proof that the log goes on where a reader
stopped; must not wait (the API's hub does) and never writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience
from activities.store.cursor import Cursor
from activities.store.spoken import Spoken

PAGE: Final = 500


class LogTornError(Exception):
    """The log does not go on where the reader stopped: that was trimmed, or lost with the store."""


@dataclass(frozen=True)
class LoggedEvent:
    """An event where it stands in the log; `event` is its JSON."""

    cursor: Cursor
    kind: str
    event: bytes


class LogReader:
    """Reads the logs of all sessions. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def after(self, session_id: str, cursor: Cursor, limit: int) -> Sequence[LoggedEvent]:
        """Up to `limit` events behind `cursor`, in order, whatever is missing before them."""
        return await self._range(session_id, f"({cursor.stream_id}", limit)

    async def continuing(self, session_id: str, cursor: Cursor, limit: int) -> Sequence[LoggedEvent]:
        """Up to `limit` events that come next for a reader who has seen everything up to `cursor`.

        Raises LogTornError when the log holds no such thing.
        """
        found = await self._range(session_id, cursor.stream_id, limit + 1)
        if cursor.n == 0 and not found:
            return []
        if found and cursor.agrees_with(found[0].cursor):
            return found[1:]
        if found and _is_beginning(found[0], cursor):
            return found[:limit]
        raise LogTornError(f"the log does not go on behind {cursor}")

    async def first(self, session_id: str) -> LoggedEvent | None:
        """The oldest event that is still there."""
        found = await self._range(session_id, "-", 1)
        return found[0] if found else None

    async def last(self, session_id: str) -> LoggedEvent | None:
        """The newest event."""
        async with patience():
            found: Any = await self._redis.xrevrange(keys.log(session_id), "+", "-", count=1)
        return _logged(*found[0]) if found else None

    async def speech(self, session_id: str) -> Mapping[int, dict[str, Any]]:
        """What was announced of speech, by the index of its sentence: the events."""
        return await Spoken(self._redis).speech(session_id)

    async def shown(self, session_id: str, epoch: int, first: int, message_id: str) -> list[str]:
        """The deltas that viewers hold of a running message whose step writes from entry `first` on."""
        text: list[str] = []
        start = f"{epoch}-{first}"
        while entries := await self._range(session_id, start, PAGE):
            start = f"({entries[-1].cursor.stream_id}"
            for entry in entries:
                _show(text, entry, message_id)
        return text

    async def _range(self, session_id: str, start: str, limit: int) -> list[LoggedEvent]:
        async with patience():
            found: Any = await self._redis.xrange(keys.log(session_id), start, "+", count=limit)
        return [_logged(entry_id, fields) for entry_id, fields in found]


def _is_beginning(entry: LoggedEvent, cursor: Cursor) -> bool:
    """Whether nothing is before `entry` that who stands at `cursor` has to see or to forget."""
    return entry.cursor.n == 1 and (cursor.n == 0 or entry.kind == "reset")


def _show(text: list[str], entry: LoggedEvent, message_id: str) -> None:
    if entry.kind not in {"message.delta", "turn.superseded"}:
        return
    event = from_json(entry.event)
    if event["message_id"] != message_id:
        return
    if entry.kind == "turn.superseded":
        text.clear()
    else:
        text.append(event["text"])


def _logged(entry_id: bytes, fields: dict[bytes, bytes]) -> LoggedEvent:
    epoch, _, n = entry_id.partition(b"-")
    return LoggedEvent(
        cursor=Cursor(int(epoch), int(n), print=fields[b"p"].decode()),
        kind=fields[b"t"].decode(),
        event=fields[b"d"],
    )
