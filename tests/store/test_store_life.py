"""Which life of the store this is, and which keys may be given in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import connect
from activities.store.life import StoreLife
from activities.store.projection import Projection
from tests.store_server import StoreServer


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator["Redis"]:
    """A store that nobody else uses."""
    with closing(StoreServer(tmp_path)) as server:
        redis = connect(server.url)
        yield redis
        await redis.aclose()


async def looked_after(redis: "Redis") -> StoreLife:
    life = StoreLife(redis)
    life_id = await life.id()
    await life.keys_are_known(life_id)
    await life.sessions_are_known(life_id)
    return life


async def test_keys_are_given_once(own_redis: "Redis") -> None:
    life = await looked_after(own_redis)
    given = await asyncio.gather(*(life.next_number("t") for _ in range(50)))
    assert sorted(filter(None, given)) == list(range(1, 51))


async def test_no_key_is_given_in_a_life_that_nobody_looked_after(own_redis: "Redis") -> None:
    life = StoreLife(own_redis)
    assert not await life.is_known()
    for _ in range(5):
        assert await life.next_number("t") is None
    await life.keys_are_known(await life.id())
    assert await life.next_number("t") == 1
    assert not await life.is_known()
    await life.sessions_are_known(await life.id())
    assert await life.is_known()


async def test_a_store_that_was_emptied_is_not_known(own_redis: "Redis") -> None:
    life = await looked_after(own_redis)
    await own_redis.flushall()
    assert not await life.is_known()
    assert await life.next_number("t") is None


async def test_a_mark_of_another_life_does_not_count(own_redis: "Redis") -> None:
    life = await looked_after(own_redis)
    await life.keys_are_known("another")
    assert not await life.is_known()
    assert await life.next_number("t") is None


async def test_counters_are_raised_and_never_lowered(own_redis: "Redis") -> None:
    life, projection = await looked_after(own_redis), Projection(own_redis)
    assert await projection.count_above("t", 7)
    assert await life.next_number("t") == 8
    assert not await projection.count_above("t", 7)
    assert await life.next_number("t") == 9


async def test_one_process_looks_after_the_store_at_a_time(own_redis: "Redis") -> None:
    one, other = StoreLife(own_redis), StoreLife(own_redis)
    assert await one.claim()
    assert not await other.claim()
    assert await one.claim()
    assert await own_redis.ttl(keys.CLAIM) > 0
    await one.sessions_are_known(await one.id())
    assert await other.claim()
