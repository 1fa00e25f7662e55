"""Which life of the store this is, and what is known of it.

A store that was restarted may have lost its last second, one that was emptied has lost everything; neither
says so. Its run id tells restarts apart, and marks in the store say which life was looked after. Owns both;
must not know how a life is looked after (the API does that).
"""

from collections.abc import Sequence
from secrets import token_hex
from typing import Any, Final

from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience

CLAIM_SECONDS: Final = 15
_KEYS, _SESSIONS = b"keys", b"sessions"


class StoreLife:
    """The store's present life. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._name = token_hex(8)

    async def id(self) -> str:
        """The id of this life; another one after each restart."""
        async with patience():
            found: Any = await self._redis.info("server")
        return str(found["run_id"])

    async def is_known(self) -> bool:
        """Whether everything was looked after in this life, and nothing was lost since."""
        return await self._is_marked(_KEYS, _SESSIONS)

    async def next_number(self, tenant: str) -> int | None:
        """A number that the tenant never had; None while nobody knows which those are."""
        # Asked twice: before, so that waiting wastes no numbers; with it, so that no restart comes between.
        if not await self._is_marked(_KEYS):
            return None
        async with patience():
            pipe = self._asking_for(_KEYS)
            pipe.incr(keys.key_counter(tenant))
            server, marks, number = await pipe.execute()
        return int(number) if _are_of(server, marks) else None

    async def _is_marked(self, *what: bytes) -> bool:
        async with patience():
            return _are_of(*await self._asking_for(*what).execute())

    def _asking_for(self, *what: bytes) -> Any:
        """A pipeline whose first two answers tell whether this life is marked as `what`."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server")
        pipe.hmget(keys.LIFE, *what)
        return pipe

    async def claim(self) -> bool:
        """Take or keep the right to look after the store; one process has it at a time."""
        async with patience():
            if await self._redis.set(keys.CLAIM, self._name, nx=True, ex=CLAIM_SECONDS):
                return True
            if await self._redis.get(keys.CLAIM) != self._name.encode():
                return False
            await self._redis.expire(keys.CLAIM, CLAIM_SECONDS)
        return True

    async def keys_are_known(self, life_id: str) -> None:
        """In this life, counters are above every number that was ever given."""
        await self._mark(_KEYS, life_id)

    async def sessions_are_known(self, life_id: str) -> None:
        """In this life, every session has told what the store may have lost."""
        await self._mark(_SESSIONS, life_id)
        async with patience():
            await self._redis.delete(keys.CLAIM)

    async def _mark(self, what: bytes, life_id: str) -> None:
        async with patience():
            await self._redis.hset(keys.LIFE, what.decode(), life_id)


def _are_of(server: dict[str, Any], marks: Sequence[bytes | None]) -> bool:
    """Whether all of `marks` are of the life that `server` is in."""
    return all(mark == server["run_id"].encode() for mark in marks)
