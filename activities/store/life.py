"""Which life of the store this is, and what is known of it.

A store that was restarted may have lost its last second, one that was emptied has lost everything; neither
says so. Its run id tells restarts apart, and marks in the store say which life was looked after. Owns both;
must not know how a life is looked after (the API does that).
"""

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
        async with patience():
            pipe = self._redis.pipeline(transaction=False)
            pipe.info("server")
            pipe.hmget(keys.LIFE, _KEYS, _SESSIONS)
            server, marks = await pipe.execute()
        return bool(marks == [server["run_id"].encode()] * 2)

    async def next_number(self, tenant: str) -> int | None:
        """A number that the tenant never had; None while nobody knows which those are."""
        # Asked twice: before, so that waiting wastes no numbers; with it, so that no restart comes between.
        if not await self._with_mark_of_keys(None):
            return None
        return await self._with_mark_of_keys(keys.key_counter(tenant))

    async def _with_mark_of_keys(self, counter: str | None) -> int | None:
        """`counter` counted on, or 1 without one; None unless keys are known in this life."""
        async with patience():
            pipe = self._redis.pipeline(transaction=False)
            pipe.info("server")
            pipe.hget(keys.LIFE, _KEYS)
            if counter is not None:
                pipe.incr(counter)
            server, mark, *number = await pipe.execute()
        return int((*number, 1)[0]) if mark == server["run_id"].encode() else None

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
