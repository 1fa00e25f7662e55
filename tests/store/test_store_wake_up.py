"""Wake-ups bring small news with them; whatever becomes of one, nobody misses anything or gets it twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from activities.store import keys
from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LoggedEvent, LogReader
from activities.store.wake_up import News, read_news
from api import hub
from api.event_stream import EventStream
from api.hub import Feed, Hub
from tests.store.attempts import Attempt, Stage, write
from tests.store.telling import Telling

HARD_TEXT = 'a\n"b" \u2028 c\r\n\x00 😀'


class Looks(LogReader):
    """Counts looks at the log, and lets others run in each."""

    def __init__(self, redis: "Redis") -> None:
        super().__init__(redis)
        self.count = 0

    async def _range(self, session_id: str, start: str, limit: int) -> Any:
        self.count += 1
        found = await super()._range(session_id, start, limit)
        await asyncio.sleep(0.01)
        return found


class Following:
    """A viewer behind a hub of its own."""

    def __init__(self, redis: "Redis", stage: Stage) -> None:
        self.looks = Looks(redis)
        self.hub = Hub(redis, self.looks)
        self.stage = stage
        self.events: list[LoggedEvent] = []
        self._tasks = [asyncio.create_task(self.hub.run()), asyncio.create_task(self._follow())]

    async def _follow(self) -> None:
        stream = EventStream(self.stage.session_id, BEGINNING, self.looks, self.stage.projection)
        await stream.open()
        async with self.hub.watch(self.stage.session_id) as feed:
            while True:
                self.events += [seen.event for seen in await stream.next(feed)]

    async def holds(self, count: int) -> None:
        async with asyncio.timeout(3):
            while len(self.events) < count:
                await asyncio.sleep(0.005)

    async def is_quiet(self) -> None:
        """Until the first looks are over."""
        count = -1
        while count != self.looks.count:
            count = self.looks.count
            await asyncio.sleep(0.05)

    async def holds_the_log(self) -> None:
        log = await self.stage.reader.after(self.stage.session_id, BEGINNING, 1000)
        await self.holds(len(log))
        assert self.events == list(log)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def attempt(stage: Stage) -> Attempt:
    return await stage.begin()


@pytest.fixture
async def following(
    redis: "Redis", stage: Stage, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Following]:
    monkeypatch.setattr(hub, "SLOW_LOOK_SECONDS", 60)
    following = Following(redis, stage)
    await following.holds(2)
    await following.is_quiet()
    yield following
    await following.close()


async def test_small_news_are_followed_without_a_look_at_the_log(
    stage: Stage, attempt: Attempt, following: Following
) -> None:
    looks = following.looks.count
    await write(attempt, "one", HARD_TEXT, "three")
    await following.holds(5)
    assert following.looks.count == looks
    await following.holds_the_log()


async def test_a_publication_wakes_with_its_news(
    stage: Stage, attempt: Attempt, following: Following
) -> None:
    looks = following.looks.count
    telling = Telling(stage.session_id).tell("session.started", session={"status": "idle"})
    telling = telling.tell("turn.started", turn=1, message_ids=[]).tell("message.accepted", "session.paused")
    await stage.log.publish(telling.publication())
    await following.holds(4)
    assert following.looks.count == looks
    await following.holds_the_log()


@pytest.mark.parametrize("sizes", [(20_000,), (10, 20_000), (20_000, 10), (9_000, 9_000)])
async def test_large_news_are_read(
    stage: Stage, attempt: Attempt, following: Following, sizes: tuple[int, ...]
) -> None:
    telling = Telling(stage.session_id).tell("session.started", session={"status": "idle"})
    telling = telling.tell("turn.started", turn=1, message_ids=[])
    for size in sizes:
        telling = telling.tell("session.updated", title="x" * size)
    await stage.log.publish(telling.publication())
    await following.holds(2 + len(sizes))
    await following.holds_the_log()


async def test_news_that_come_in_a_look_are_looked_for_again(
    stage: Stage, attempt: Attempt, following: Following
) -> None:
    for number in range(20):
        following.hub._feeds[stage.session_id].wake()
        await write(attempt, str(number))
    await following.holds(22)
    await following.holds_the_log()


async def test_news_after_a_lost_wake_up_are_looked_for(
    stage: Stage, attempt: Attempt, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as deaf:
        deaf.setattr(Feed, "hear", lambda *_: None)
        await write(attempt, "unheard")
        await asyncio.sleep(0.05)
    assert len(following.events) == 2
    await write(attempt, "heard")
    await following.holds(4)
    await following.holds_the_log()


async def test_news_of_another_past_are_not_believed(
    stage: Stage, attempt: Attempt, following: Following
) -> None:
    feed = following.hub._feeds[stage.session_id]
    end = feed._end
    event = LoggedEvent(Cursor(end.epoch, end.n + 1, print="00000000"), "message.delta", b"{}")
    for before in (Cursor(end.epoch, end.n, print="ffffffff"), Cursor(end.epoch + 1, end.n), BEGINNING):
        feed.hear(News(before, [event]))
    await following.is_quiet()
    await following.holds_the_log()


async def test_the_first_words_of_an_epoch_follow_nothing(
    redis: "Redis", stage: Stage, session_id: str
) -> None:
    subscription = redis.pubsub(ignore_subscribe_messages=True)
    await subscription.subscribe(keys.channel(session_id))
    await stage.log.publish(stage.publication)
    async with asyncio.timeout(3):
        while (message := await subscription.get_message(timeout=1)) is None:
            pass
    assert read_news(message["data"]) is None
    await subscription.aclose()  # type: ignore[no-untyped-call]  # redis-py


@pytest.mark.parametrize("payload", [b"", b"\n", b"1-2.0badcafe", b"nonsense\n1-2.0badcafe a {}"])
def test_a_wake_up_may_say_nothing(payload: bytes) -> None:
    assert read_news(payload) is None
