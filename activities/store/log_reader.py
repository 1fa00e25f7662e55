"""Reading a session's event log.

Owns the way from stream entries to what readers need; must not wait (the API's hub does) and never writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience
from activities.store.cursor import BEGINNING, Cursor

PAGE: Final = 500


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
        """Up to `limit` events behind `cursor`, in order."""
        async with patience():
            found: Any = await self._redis.xrange(
                keys.log(session_id), f"({cursor.stream_id}", "+", count=limit
            )
        return [_logged(entry_id, fields) for entry_id, fields in found]

    async def first(self, session_id: str) -> LoggedEvent | None:
        """The oldest event that is still there."""
        found = await self.after(session_id, BEGINNING, 1)
        return found[0] if found else None

    async def last(self, session_id: str) -> LoggedEvent | None:
        """The newest event."""
        async with patience():
            found: Any = await self._redis.xrevrange(keys.log(session_id), "+", "-", count=1)
        return _logged(*found[0]) if found else None

    async def shown(self, session_id: str, epoch: int, first: int, message_id: str) -> str:
        """What viewers hold of a running message whose step writes from entry `first` on."""
        text: list[str] = []
        cursor = Cursor(epoch, first - 1)
        while entries := await self.after(session_id, cursor, PAGE):
            cursor = entries[-1].cursor
            for entry in entries:
                _show(text, entry, message_id)
        return "".join(text)


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
    return LoggedEvent(cursor=Cursor(int(epoch), int(n)), kind=fields[b"t"].decode(), event=fields[b"d"])
