"""What happens in all sessions of a tenant, as it happens.

One subscription for the whole process, with a channel for each tenant that somebody has listened to here. A
channel is kept: tenants are few, and giving it up would race with who comes back. Nothing is replayed, so
nobody may have a gap without knowing: a listener who lags, or whose store was away, is sent away and lists
anew. Owns listeners and their bounds; must not know HTTP.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from activities.store import keys
from activities.store.client import patience

MAX_HELD: Final = 512
MAX_HELD_BYTES: Final = 1024 * 1024
RECOVERY_SECONDS: Final = 0.2
_OWN_CHANNEL: Final = f"{keys.PREFIX}tenants"

_log = logging.getLogger(__name__)


class Listener:
    """One client's place: what it was told and has not taken yet."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._over = False
        self._news = asyncio.Event()

    def tell(self, event: bytes) -> None:
        """Hold `event` for the client; one who has taken nothing for too long is sent away instead."""
        if self._over:
            return
        self._held.append(event)
        self._held_bytes += len(event)
        if len(self._held) > MAX_HELD or self._held_bytes > MAX_HELD_BYTES:
            self._held, self._held_bytes = [], 0
            self.end()
        self._news.set()

    def end(self) -> None:
        """Send the client away once it has taken what it was told."""
        self._over = True
        self._news.set()

    async def next(self) -> Sequence[bytes]:
        """The next events, as soon as there are any; none when it is over."""
        await self._news.wait()
        held, self._held, self._held_bytes = self._held, [], 0
        if not self._over:
            self._news.clear()
        return held


class _Audience:
    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.heard = asyncio.Event()
        """The store has confirmed that it will tell."""


class TenantFeed:
    """The listeners of every tenant."""

    def __init__(self, redis: "Redis") -> None:
        self._subscription: Any = redis.pubsub()
        self._audiences: dict[str, _Audience] = {}
        self._in_touch = False
        self._closed = False

    @property
    def listeners(self) -> int:
        """Listeners of all tenants."""
        return sum(len(audience.listeners) for audience in self._audiences.values())

    def close(self) -> None:
        """Send everybody away: the process is about to end."""
        self._closed = True
        self._send_away()

    async def run(self) -> None:
        """Pass on what is told, until cancelled."""
        while True:
            try:
                if not self._subscription.subscribed:
                    await self._subscription.subscribe(_OWN_CHANNEL)
                while True:
                    self._take(await self._subscription.get_message(timeout=None))
            except (RedisError, OSError) as error:
                _log.warning("the store tells nothing: %s", type(error).__name__)
                self._lose_touch()
                await asyncio.sleep(RECOVERY_SECONDS)

    @asynccontextmanager
    async def listen(self, tenant: str) -> AsyncIterator[Listener]:
        """A listener who misses nothing from now on. Raises StoreUnavailableError."""
        channel = keys.feed(tenant)
        audience = self._audiences.setdefault(channel, _Audience())
        listener = Listener()
        audience.listeners.add(listener)
        if self._closed:
            listener.end()
        try:
            async with patience():
                if not audience.heard.is_set():
                    await self._subscription.subscribe(channel)
                await audience.heard.wait()
            yield listener
        finally:
            audience.listeners.discard(listener)

    def _take(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        channel, kind = message["channel"].decode(), message["type"]
        audience = self._audiences.get(channel)
        if kind == "subscribe":
            self._confirm(channel, audience)
        elif kind == "message" and audience is not None:
            for listener in audience.listeners:
                listener.tell(message["data"])

    def _confirm(self, channel: str, audience: _Audience | None) -> None:
        if channel == _OWN_CHANNEL:
            # The client connects again by itself, this channel first: what was told meanwhile is lost.
            if self._in_touch:
                self._lose_touch()
            self._in_touch = True
        elif audience is not None:
            audience.heard.set()

    def _lose_touch(self) -> None:
        self._in_touch = False
        for audience in self._audiences.values():
            audience.heard.clear()
        self._send_away()

    def _send_away(self) -> None:
        for audience in self._audiences.values():
            for listener in audience.listeners:
                listener.end()
