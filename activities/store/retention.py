"""Which sessions' data may go, and how it goes.

Owns the two lists, of sessions that are over and of those that somebody wants deleted, and the deletion of
everything that the store holds of one. Must not decide when (the API does).
"""

from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience
from activities.store.listing import Listing

AT_ONCE: Final = 100
REMEMBERED_SECONDS: Final = 24 * 3600
"""Far longer than an engine takes to delete a workflow."""


class Retention:
    """Data of sessions of all tenants. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._listing = Listing(redis)

    async def note_end(self, session_id: str, at_ms: float) -> None:
        """The session is over since `at_ms`."""
        async with patience():
            await self._redis.zadd(keys.CLOSED, {session_id: at_ms}, nx=True)

    async def want_gone(self, session_id: str, now_ms: float) -> None:
        """Somebody wants the session deleted, as soon as it is over."""
        async with patience():
            await self._redis.zadd(keys.PURGED, {session_id: now_ms})

    async def wanted_gone(self) -> Sequence[str]:
        """Sessions that somebody wants deleted."""
        async with patience():
            found: Any = await self._redis.zrange(keys.PURGED, 0, AT_ONCE - 1)
        return _names(found)

    async def over_since(self, before_ms: float) -> Sequence[str]:
        """Sessions that were over before."""
        async with patience():
            found: Any = await self._redis.zrange(
                keys.CLOSED, "-inf", before_ms, byscore=True, offset=0, num=AT_ONCE
            )
        return _names(found)

    async def delete(self, session_id: str) -> None:
        """Delete everything that the store holds of the session."""
        async with patience():
            tenant, session_key = await self._owner(session_id)
        if tenant is not None:
            await self._listing.delist(tenant, session_id, session_key)
        async with patience():
            pipe = self._redis.pipeline(transaction=False)
            # Whoever deletes it again does not know any more whose it was.
            pipe.set(keys.gone(session_id), tenant or "", ex=REMEMBERED_SECONDS, nx=tenant is None)
            pipe.unlink(*keys.script_keys(session_id))
            pipe.zrem(keys.CLOSED, session_id)
            pipe.zrem(keys.PURGED, session_id)
            await pipe.execute()

    async def is_gone(self, session_id: str) -> bool:
        """Whether the session was deleted a short while ago."""
        async with patience():
            return bool(await self._redis.exists(keys.gone(session_id)))

    async def had(self, tenant: str, session_id: str) -> bool:
        """Whether the session was the tenant's, and deleted a short while ago."""
        async with patience():
            found: Any = await self._redis.get(keys.gone(session_id))
        return bool(found == tenant.encode())

    async def _owner(self, session_id: str) -> tuple[str | None, str]:
        found: Any = await self._redis.hmget(keys.session(session_id), "_tenant", "session_key")
        tenant, key = found
        return (tenant.decode() if tenant else None), (key or b"").decode().strip('"')


def _names(found: Sequence[bytes]) -> Sequence[str]:
    return [name.decode() for name in found]
