"""The list of a tenant's sessions: which there are, in which order, and by which keys.

Owns the list and its keys; must not know what a session is (`projection`). Written beside the event log's
scripts, not by them, because it lives in another slot.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience

Place = tuple[float, str]
"""Last activity in milliseconds since 1970, and session id."""


class Listing:
    """The lists of all tenants. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def enlist(self, tenant: str, session_id: str, changed: Mapping[str, Any]) -> None:
        """Let the list show what `changed` of the session object; a session's place never goes back."""
        async with patience():
            if "last_activity_at" in changed:
                active_at = _milliseconds(changed["last_activity_at"])
                await self._redis.zadd(keys.sessions(tenant), {session_id: active_at}, gt=True)
            if "session_key" in changed:
                await self._redis.hset(keys.session_keys(tenant), changed["session_key"], session_id)

    async def delist(self, tenant: str, session_id: str, session_key: str) -> None:
        """Take a session out of the list, and its key out of use."""
        async with patience():
            pipe = self._redis.pipeline(transaction=False)
            pipe.zrem(keys.sessions(tenant), session_id)
            pipe.hdel(keys.session_keys(tenant), session_key)
            await pipe.execute()

    async def id_of(self, tenant: str, session_key: str) -> str | None:
        """The id of the tenant's session with this key."""
        async with patience():
            found: Any = await self._redis.hget(keys.session_keys(tenant), session_key)
        return found.decode() if found else None

    async def newest(self, tenant: str, before: Place | None, count: int) -> Sequence[Place]:
        """The places of the tenant's sessions, newest first, after `before` in that order."""
        highest = "+inf" if before is None else before[0]
        listed: list[Place] = []
        offset = 0
        # Sessions with the score of `before` may stand on either side of it.
        while len(listed) < count:
            async with patience():
                found: Any = await self._redis.zrange(
                    keys.sessions(tenant),
                    highest,
                    "-inf",
                    desc=True,
                    byscore=True,
                    offset=offset,
                    num=count,
                    withscores=True,
                )
            if not found:
                break
            offset += len(found)
            items = [(score, member.decode()) for member, score in found]
            listed += [item for item in items if before is None or item < before]
        return listed[:count]


def _milliseconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp() * 1000
