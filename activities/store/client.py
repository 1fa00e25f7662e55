"""The connection to the store, made one way for every process.

Owns protocol, pool and patience. `socket_timeout` is None because redis-py swallows task cancellation when it
is set; deadlines are `patience` here instead.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

MAX_CONNECTIONS: Final = 64
CONNECT_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 5.0


class StoreUnavailableError(Exception):
    """The store did not answer; nothing is known about what it did."""


def connect(url: str) -> "Redis":
    """A client for any Redis or Valkey from 6.2 on; connects at its first command. Replies are bytes."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=PATIENCE_SECONDS,
        socket_timeout=None,
        socket_connect_timeout=CONNECT_SECONDS,
        protocol=2,
    )
    return Redis(connection_pool=pool)


@asynccontextmanager
async def patience(seconds: float = PATIENCE_SECONDS) -> AsyncIterator[None]:
    """Turn a store that is away or silent into StoreUnavailableError."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnavailableError(f"the store does not answer: {type(error).__name__}") from error
