"""Everything that the store holds of one session, to look at and to go back to.

Owns reading and restoring it whole, as a crash of the store does; must not know what it means.
"""

from typing import Any, NamedTuple

from redis.asyncio import Redis

from activities.store import keys

Snapshot = dict[str, bytes]


class LogLine(NamedTuple):
    """One entry of the log, as it is stored."""

    place: str
    kind: str
    event: bytes
    print: str


async def take_snapshot(redis: "Redis", session_id: str) -> Snapshot:
    names = keys.script_keys(session_id)
    return {name: dump for name in names if (dump := await redis.dump(name)) is not None}


async def go_back_to(redis: "Redis", session_id: str, snapshot: Snapshot) -> None:
    """Be the store of an earlier moment; with an empty snapshot, one that lost everything."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.delete(*keys.script_keys(session_id))
        for name, dump in snapshot.items():
            pipe.restore(name, 0, dump)
        await pipe.execute()


async def log_of(redis: "Redis", session_id: str) -> list[LogLine]:
    """Every entry."""
    found: Any = await redis.xrange(keys.log(session_id))
    return [
        LogLine(entry.decode(), fields[b"t"].decode(), fields[b"d"], fields[b"p"].decode())
        for entry, fields in found
    ]


async def head_of(redis: "Redis", session_id: str) -> dict[str, bytes]:
    return await _hash(redis, keys.head(session_id))


async def session_of(redis: "Redis", session_id: str) -> dict[str, bytes]:
    return await _hash(redis, keys.session(session_id))


async def messages_of(redis: "Redis", session_id: str) -> list[bytes]:
    found: Any = await redis.lrange(keys.messages(session_id), 0, -1)
    return list(found)


async def writes_of(redis: "Redis", session_id: str) -> list[str]:
    found: Any = await redis.lrange(keys.writes(session_id), 0, -1)
    return [write.decode() for write in found]


async def _hash(redis: "Redis", name: str) -> dict[str, bytes]:
    found: Any = await redis.hgetall(name)
    return {key.decode(): value for key, value in found.items()}
