"""One look at a session's log for all of its viewers.

A subscription for the whole process wakes the feed of a session and brings it the news, where they are small
and follow what it has; else the feed reads the log, once. It keeps the last entries in a ring. A viewer's
place in the ring is its queue: who falls behind the ring reads the log by itself, so that a slow viewer costs
nobody anything. Owns feeds and what wakes them; must not know HTTP.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from activities.store import keys
from activities.store.client import StoreUnavailableError
from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LoggedEvent, LogReader, LogTornError
from activities.store.wake_up import News, read_news

RING: Final = 512
RING_BYTES: Final = 1024 * 1024
PAGE: Final = 64
"""Events that a viewer holds at most, so that one who does not read costs little, however large they are."""
SLOW_LOOK_SECONDS: Final = 2.0
"""A wake-up may be lost; the log is not."""
RECOVERY_SECONDS: Final = 0.2
_OWN_CHANNEL: Final = f"{keys.PREFIX}hub"

_log = logging.getLogger(__name__)


class FeedClosedError(Exception):
    """This process stops: the viewer goes on at another one, or at this one's successor."""


class Feed:
    """The live end of one session's log."""

    def __init__(self, session_id: str, reader: LogReader) -> None:
        self._session_id = session_id
        self._reader = reader
        self._ring: deque[LoggedEvent] = deque()
        self._ring_bytes = 0
        self._start = self._end = BEGINNING
        self._news = asyncio.Event()
        self._woken = asyncio.Event()
        self._reading = False
        self.viewers = 0
        self._closed = False

    def close(self) -> None:
        """Send the viewers away, each with everything that it was given."""
        self._closed = True
        self._tell()

    def wake(self) -> None:
        """Something was written."""
        self._woken.set()

    def hear(self, news: News | None) -> None:
        """Something was written: `news`, if the wake-up brought it."""
        if news is None or self._reading or not news.before.agrees_with(self._end):
            self.wake()
            return
        self._go_on_with(news.events)

    async def follow(self) -> None:
        """Read what is written, until cancelled."""
        while True:
            try:
                await self._read()
            except StoreUnavailableError:
                self._tell()
                await asyncio.sleep(RECOVERY_SECONDS)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(SLOW_LOOK_SECONDS):
                    await self._woken.wait()

    @property
    def next_look(self) -> asyncio.Event:
        """Set when the log is looked at again, or brought news."""
        return self._news

    async def after(self, cursor: Cursor) -> Sequence[LoggedEvent]:
        """Some events behind `cursor`; none when there are none yet.

        Raises LogTornError when they will never come, StoreUnavailableError, and FeedClosedError.
        """
        if self._closed:
            raise FeedClosedError
        held = self._held_after(cursor)
        return await self._reader.continuing(self._session_id, cursor, PAGE) if held is None else held

    async def _read(self) -> None:
        self._woken.clear()
        self._reading = True
        try:
            await self._read_on()
        except LogTornError:
            self._empty()
            self._end = await self._last()
        finally:
            self._reading = False
        self._tell()

    async def _read_on(self) -> None:
        if self._end == BEGINNING:
            self._end = await self._last()
        while found := await self._reader.continuing(self._session_id, self._end, PAGE):
            self._go_on_with(found)

    def _go_on_with(self, events: Sequence[LoggedEvent]) -> None:
        for event in events:
            self._hold(event)
        self._end = events[-1].cursor
        self._tell()

    async def _last(self) -> Cursor:
        last = await self._reader.last(self._session_id)
        return last.cursor if last else BEGINNING

    def _hold(self, event: LoggedEvent) -> None:
        """Keep `event`; the ring never has a hole, so that a place in it can be computed."""
        place = event.cursor
        if not self._ring or not place.follows(self._ring[-1].cursor):
            self._empty()
            self._start = self._end if place.follows(self._end) else Cursor(place.epoch, place.n - 1)
        self._ring.append(event)
        self._ring_bytes += len(event.event)
        while len(self._ring) > RING or self._ring_bytes > RING_BYTES:
            oldest = self._ring.popleft()
            self._ring_bytes -= len(oldest.event)
            self._start = oldest.cursor

    def _empty(self) -> None:
        self._ring.clear()
        self._ring_bytes = 0

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _held_after(self, cursor: Cursor) -> Sequence[LoggedEvent] | None:
        """The next events behind `cursor` in the ring; None when the ring does not reach back to it."""
        if self._end != BEGINNING and cursor.agrees_with(self._end):
            return ()
        index = cursor.n - self._start.n
        if not self._ring or not 0 <= index <= len(self._ring):
            return None
        place = self._ring[index - 1].cursor if index else self._start
        return list(islice(self._ring, index, index + PAGE)) if cursor.agrees_with(place) else None


class Hub:
    """The feeds of every session that somebody watches."""

    def __init__(self, redis: "Redis", reader: LogReader) -> None:
        self._redis = redis
        self._reader = reader
        self._feeds: dict[str, Feed] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._subscription: PubSub = redis.pubsub(ignore_subscribe_messages=True)
        self._closed = False

    @property
    def viewers(self) -> int:
        """Viewers of all sessions."""
        return sum(feed.viewers for feed in self._feeds.values())

    def close(self) -> None:
        """Send every viewer away: the process is about to end."""
        self._closed = True
        for feed in self._feeds.values():
            feed.close()

    def watched(self) -> Iterable[str]:
        """The sessions that somebody watches."""
        return tuple(self._feeds)

    async def run(self) -> None:
        """Pass wake-ups on, until cancelled."""
        while True:
            try:
                await self._subscription.subscribe(_OWN_CHANNEL, *map(keys.channel, self._feeds))
                for feed in self._feeds.values():
                    feed.wake()
                while True:
                    self._pass_on(await self._subscription.get_message(timeout=None))
            except (RedisError, OSError) as error:
                _log.warning("the store's wake-ups stopped: %s", type(error).__name__)
                await asyncio.sleep(RECOVERY_SECONDS)

    @asynccontextmanager
    async def watch(self, session_id: str) -> AsyncIterator[Feed]:
        """The session's feed, shared by all who watch it."""
        feed = self._feeds.get(session_id) or self._open(session_id)
        feed.viewers += 1
        try:
            await self._subscribe(session_id)
            yield feed
        finally:
            feed.viewers -= 1
            if not feed.viewers:
                await self._close(session_id)

    def _open(self, session_id: str) -> Feed:
        feed = self._feeds[session_id] = Feed(session_id, self._reader)
        if self._closed:
            feed.close()
        self._following[session_id] = asyncio.create_task(feed.follow())
        return feed

    async def _close(self, session_id: str) -> None:
        del self._feeds[session_id]
        self._following.pop(session_id).cancel()
        with suppress(RedisError, OSError):
            await self._subscription.unsubscribe(keys.channel(session_id))
        if session_id in self._feeds:
            # Somebody came back meanwhile.
            await self._subscribe(session_id)

    async def _subscribe(self, session_id: str) -> None:
        with suppress(RedisError, OSError):
            await self._subscription.subscribe(keys.channel(session_id))
        # What was written before the subscription stood woke nobody.
        self._wake(session_id)

    def _pass_on(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        feed = self._feeds.get(keys.session_of(message["channel"]))
        if feed is not None:
            feed.hear(read_news(message["data"]))

    def _wake(self, session_id: str) -> None:
        if session_id in self._feeds:
            self._feeds[session_id].wake()
