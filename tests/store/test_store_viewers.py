"""Viewers of a store that goes back, forgets or was trimmed: nothing is missing, and nothing is silent.

Owns the seam between log and viewers, live and asked for; frames and connections are the API's own tests'.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic_core import from_json
from redis.asyncio import Redis

from activities.store import event_log
from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LogReader
from api import hub
from api.event_stream import EventStream
from api.hub import Feed
from tests.reducer import Reducer
from tests.store.attempts import COMPLETE, MESSAGE_ID, Stage, write
from tests.store.contents import go_back_to, take_snapshot
from tests.store.telling import Telling

RUNNING = {"number": 1, "agent": "assistant"}


class LiveViewer:
    """Follows a feed; what it holds is judged by the strict reducer."""

    def __init__(self, stream: EventStream, feed: Feed) -> None:
        self.stream = stream
        self.held = Reducer()
        self.kinds: list[str] = []
        self._following = asyncio.create_task(self._follow(feed))

    async def _follow(self, feed: Feed) -> None:
        while not self.stream.over:
            for seen in await self.stream.next(feed):
                event = from_json(seen.event.event)
                self.held.feed(event, str(seen.event.cursor))
                self.kinds.append(event["type"])

    async def holds(self, text: str) -> None:
        async with asyncio.timeout(2):
            while self.held.messages.get(MESSAGE_ID) is None or self.held.messages[MESSAGE_ID].text != text:
                self._raise_what_went_wrong()
                await asyncio.sleep(0.005)

    def _raise_what_went_wrong(self) -> None:
        if self._following.done():
            self._following.result()

    async def close(self) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)


@pytest.fixture
async def feed(reader: LogReader, session_id: str) -> AsyncIterator[Feed]:
    feed = Feed(session_id, reader)
    following = asyncio.create_task(feed.follow())
    yield feed
    following.cancel()


@pytest.fixture
def telling(session_id: str) -> Telling:
    telling = Telling(session_id).show(status="active", turn=RUNNING)
    return telling.tell("session.started", session={"status": "active"}).tell(
        "turn.started", turn=1, message_ids=[]
    )


async def watch(stage: Stage, feed: Feed, cursor: Cursor = BEGINNING) -> LiveViewer:
    stream = EventStream(stage.session_id, cursor, stage.reader, stage.projection)
    await stream.open()
    return LiveViewer(stream, feed)


async def page(stage: Stage, cursor: Cursor = BEGINNING, limit: int = 100) -> list[dict[str, Any]]:
    stream = EventStream(stage.session_id, cursor, stage.reader, stage.projection)
    await stream.open()
    return [from_json(seen.event.event) for seen in await stream.page(limit)]


async def test_a_live_viewer_follows(stage: Stage, feed: Feed, telling: Telling) -> None:
    await stage.log.publish(telling.publication())
    viewer = await watch(stage, feed)
    attempt = await stage.begin()
    for i, text in enumerate(("a", "b", "c")):
        await write(attempt, text)
        feed.wake()
        await viewer.holds("abc"[: i + 1])
    assert viewer.kinds == ["session.started", "turn.started", *["message.delta"] * 3]
    await viewer.close()


async def test_a_live_viewer_of_a_store_that_goes_back_begins_anew(
    stage: Stage, feed: Feed, telling: Telling, redis: "Redis"
) -> None:
    """The API lives on, the worker dies with the store's last second: the text is another one from there."""
    await stage.log.publish(telling.publication())
    viewer = await watch(stage, feed)
    dead = await stage.begin()
    await write(dead, "shown ")
    older = await take_snapshot(redis, stage.session_id)
    await write(dead, "and ", "lost")
    feed.wake()
    await viewer.holds("shown and lost")

    await go_back_to(redis, stage.session_id, older)
    living = await stage.begin()
    await living.answer.supersede()
    await write(living, "other ", "words")
    feed.wake()
    await viewer.holds("other words")
    assert "reset" in viewer.kinds
    await viewer.close()


async def test_a_live_viewer_of_a_store_that_goes_back_need_not_wait_for_news(
    stage: Stage, feed: Feed, telling: Telling, redis: "Redis"
) -> None:
    await stage.log.publish(telling.publication())
    viewer = await watch(stage, feed)
    attempt = await stage.begin()
    await write(attempt, "shown ")
    older = await take_snapshot(redis, stage.session_id)
    await write(attempt, "lost")
    feed.wake()
    await viewer.holds("shown lost")
    await go_back_to(redis, stage.session_id, older)
    feed.wake()
    while "reset" not in viewer.kinds:
        await asyncio.sleep(0.005)
    await viewer.holds("shown ")
    await viewer.close()


async def test_the_same_place_with_another_past_is_another_reset(
    stage: Stage, session_id: str, telling: Telling, redis: "Redis"
) -> None:
    await stage.log.publish(telling.publication())
    stream = EventStream(session_id, Cursor(1, 1, print="0badcafe"), stage.reader, stage.projection)
    await stream.open()
    assert [seen.event.kind for seen in await stream.page(10)] == ["reset"]
    assert list(await stream.page(10)) == []

    await go_back_to(redis, session_id, {})
    otherwise = Telling(session_id).show(status="idle", turn=None)
    await stage.log.publish(otherwise.tell("session.started", "session.paused").publication())
    [seen] = await stream.page(10)
    assert (seen.event.kind, seen.event.cursor) == ("reset", Cursor(1, 2))


async def test_lines_that_are_said_again_reset_nobody(
    stage: Stage, feed: Feed, telling: Telling, redis: "Redis"
) -> None:
    await stage.log.publish(telling.publication())
    viewer = await watch(stage, feed)
    attempt = await stage.begin()
    older = await take_snapshot(redis, stage.session_id)
    await write(attempt, "a", "b")
    feed.wake()
    await viewer.holds("ab")
    await go_back_to(redis, stage.session_id, older)
    await write(attempt, "c")
    feed.wake()
    await viewer.holds("abc")
    assert "reset" not in viewer.kinds
    await viewer.close()


async def test_a_live_viewer_of_an_empty_store_waits_for_the_new_epoch(
    stage: Stage, feed: Feed, telling: Telling, redis: "Redis"
) -> None:
    await stage.log.publish(telling.publication())
    viewer = await watch(stage, feed)
    await write(await stage.begin(), "shown")
    feed.wake()
    await viewer.holds("shown")
    await go_back_to(redis, stage.session_id, {})
    feed.wake()
    await asyncio.sleep(0.05)
    assert viewer.held.messages[MESSAGE_ID].text == "shown"
    await stage.log.publish(telling.say("hello").in_new_epoch(2).publication())
    feed.wake()
    async with asyncio.timeout(2):
        while "reset" not in viewer.kinds:
            await asyncio.sleep(0.005)
    assert [message.text for message in viewer.held.messages.values()] == ["hello"]
    assert viewer.held.running_turn == 1
    await viewer.close()


async def test_a_wake_up_is_one_look_for_all_viewers(
    stage: Stage, session_id: str, telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    class CountingReader(LogReader):
        async def _range(self, session_id: str, start: str, limit: int) -> Any:
            nonlocal looks
            looks += 1
            return await super()._range(session_id, start, limit)

    await stage.log.publish(telling.publication())
    feed = Feed(session_id, CountingReader(stage.log._redis))
    following = asyncio.create_task(feed.follow())
    viewers = [await watch(stage, feed) for _ in range(5)]
    attempt = await stage.begin()
    await write(attempt, "a")
    feed.wake()
    for viewer in viewers:
        await viewer.holds("a")
    looks = 0
    await write(attempt, "b")
    feed.wake()
    for viewer in viewers:
        await viewer.holds("ab")
    assert looks <= 2
    for viewer in viewers:
        await viewer.close()
    following.cancel()


async def test_who_falls_out_of_the_ring_reads_by_itself(
    stage: Stage, feed: Feed, telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_ring", type(feed._ring)(maxlen=3))
    monkeypatch.setattr(hub, "RING", 3)
    await stage.log.publish(telling.publication())
    slow = EventStream(stage.session_id, BEGINNING, stage.reader, stage.projection)
    await slow.open()
    attempt = await stage.begin()
    held = Reducer()
    for text in "abcdefgh":
        await write(attempt, text)
        feed.wake()
        await asyncio.sleep(0.01)
    while slow.cursor < feed._end:
        for seen in await slow.next(feed):
            held.feed(from_json(seen.event.event), str(seen.event.cursor))
    assert held.messages[MESSAGE_ID].text == "abcdefgh"


async def test_who_asks_for_what_was_trimmed_gets_a_reset(
    stage: Stage, telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "KEPT_ENTRIES", 2)
    telling = telling.tell(*["session.ending_soon"] * 6)
    await stage.log.publish(telling.publication(trim=True))
    [reset] = await page(stage)
    assert (reset["type"], reset["session"]["cursor"]) == ("reset", "1-8")
    kept = await page(stage, Cursor(1, 7))
    assert [event["type"] for event in kept] == ["session.ending_soon"]


async def test_a_reset_in_the_middle_of_a_message_goes_on_with_it(stage: Stage, telling: Telling) -> None:
    await stage.log.publish(telling.publication())
    attempt = await stage.begin()
    await write(attempt, "a", "b")
    await stage.log.publish(telling.tell("session.ending_soon").publication())
    await write(attempt, "c")
    torn = Cursor(1, 2, print="0badcafe")
    [reset] = await page(stage, torn)
    assert reset["partial"] == {"message_id": MESSAGE_ID, "turn": 1, "text": "ab"}
    assert reset["messages"] == []


@pytest.mark.parametrize("told", [False, True])
async def test_a_reset_knows_a_message_whose_turn_has_not_ended(
    stage: Stage, telling: Telling, told: bool
) -> None:
    """A publication that was decided before the answer was complete may arrive behind it."""
    await stage.log.publish(telling.publication())
    attempt = await stage.begin()
    await write(attempt, "whole")
    await attempt.answer.finish(COMPLETE)
    telling = telling.tell("session.ending_soon")
    if told:
        telling = telling.say("whole", message_id=MESSAGE_ID)
    await stage.log.publish(telling.publication())
    [reset] = await page(stage, Cursor(1, 2, print="0badcafe"))
    assert [(m["message_id"], m["content"], m["status"]) for m in reset["messages"]] == [
        (MESSAGE_ID, "whole", "complete")
    ]
    assert reset["partial"] is None


async def test_a_reset_of_a_closed_session_is_all_there_will_be(
    stage: Stage, feed: Feed, telling: Telling
) -> None:
    closed = telling.tell("turn.completed", turn=1).show(status="closed", end_reason="user_ended", turn=None)
    closed = closed.tell("session.ended", reason="user_ended")
    await stage.log.publish(closed.publication())
    viewer = await watch(stage, feed, Cursor(1, 3, print="0badcafe"))
    async with asyncio.timeout(2):
        await viewer._following
    assert viewer.kinds == ["reset"]
    assert viewer.held.ended == "user_ended"


async def test_who_has_seen_the_end_gets_nothing_more(stage: Stage, telling: Telling) -> None:
    await stage.log.publish(telling.tell("session.ended", reason="user_ended").publication())
    last = await stage.reader.last(stage.session_id)
    assert last is not None
    stream = EventStream(stage.session_id, last.cursor, stage.reader, stage.projection)
    await stream.open()
    assert stream.over
