"""Readers go on where they stopped, or are told that they cannot.

Owns the proof of continuity, and what a predecessor showed.
"""

import pytest
from pydantic_core import from_json
from redis.asyncio import Redis

from activities.store import event_log
from activities.store.cursor import BEGINNING, Cursor
from activities.store.event_log import EventLog
from activities.store.log_reader import LoggedEvent, LogReader, LogTornError
from tests.store.attempts import MESSAGE_ID, Stage, write
from tests.store.contents import go_back_to, take_snapshot
from tests.store.telling import Telling
from tests.store.viewer import EVERYTHING


@pytest.fixture
def telling(session_id: str) -> Telling:
    return Telling(session_id)


def spelled(entry: LoggedEvent) -> Cursor:
    """Its cursor, as a client sends it back."""
    cursor = Cursor.parse(str(entry.cursor))
    assert cursor is not None
    return cursor


async def test_pages_meet_without_gap_or_overlap(log: EventLog, reader: LogReader, telling: Telling) -> None:
    await log.publish(telling.tell(*["a"] * 7).publication())
    seen: list[LoggedEvent] = []
    cursor = BEGINNING
    while page := await reader.continuing(telling.session_id, cursor, 3):
        assert len(page) <= 3
        seen += page
        cursor = spelled(page[-1])
    assert [from_json(entry.event)["count"] for entry in seen] == [1, 2, 3, 4, 5, 6, 7]
    assert [str(entry.cursor).partition(".")[0] for entry in seen] == [f"1-{n}" for n in range(1, 8)]
    assert {entry.kind for entry in seen} == {"a"}


async def test_a_log_that_is_not_there_yet_is_empty(reader: LogReader, session_id: str) -> None:
    assert await reader.continuing(session_id, BEGINNING, 10) == []
    assert await reader.continuing(session_id, Cursor(1, 0), 10) == []
    assert await reader.first(session_id) is None
    assert await reader.last(session_id) is None


async def test_what_is_there_can_be_read_without_proof(
    log: EventLog, reader: LogReader, telling: Telling
) -> None:
    await log.publish(telling.tell("a", "b").publication())
    elsewhere = Cursor(1, 1, print="0badcafe")
    assert [entry.kind for entry in await reader.after(telling.session_id, elsewhere, 10)] == ["b"]
    assert await reader.after(telling.session_id, Cursor(1, 7), 10) == []


async def test_first_and_last(log: EventLog, reader: LogReader, telling: Telling) -> None:
    await log.publish(telling.tell("a", "b", "c").publication())
    first, last = await reader.first(telling.session_id), await reader.last(telling.session_id)
    assert first is not None
    assert last is not None
    assert (first.kind, last.kind) == ("a", "c")
    assert await reader.continuing(telling.session_id, last.cursor, 10) == []


async def test_a_place_without_print_will_do_while_the_log_holds_it(
    log: EventLog, reader: LogReader, telling: Telling
) -> None:
    await log.publish(telling.tell("a", "b").publication())
    assert [entry.kind for entry in await reader.continuing(telling.session_id, Cursor(1, 1), 10)] == ["b"]
    assert len(await reader.continuing(telling.session_id, Cursor(1, 0), 10)) == 2
    with pytest.raises(LogTornError):
        await reader.continuing(telling.session_id, Cursor(1, 3), 10)


async def test_what_was_trimmed_is_torn(
    log: EventLog, reader: LogReader, telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "KEPT_ENTRIES", 2)
    await log.publish(telling.tell(*["a"] * 5).publication())
    entries = await reader.continuing(telling.session_id, BEGINNING, EVERYTHING)
    await log.publish(telling.tell(*["a"] * 5).publication(trim=True))
    for cursor in (BEGINNING, spelled(entries[0]), spelled(entries[2])):
        with pytest.raises(LogTornError):
            await reader.continuing(telling.session_id, cursor, 10)
    assert len(await reader.continuing(telling.session_id, spelled(entries[3]), 10)) == 1


async def test_a_place_that_the_store_lost_is_torn(
    log: EventLog, reader: LogReader, redis: "Redis", telling: Telling
) -> None:
    await log.publish(telling.tell("a").publication())
    older = await take_snapshot(redis, telling.session_id)
    await log.publish(telling.tell("a", "b").publication())
    last = await reader.last(telling.session_id)
    assert last is not None
    for snapshot in (older, {}):
        await go_back_to(redis, telling.session_id, snapshot)
        with pytest.raises(LogTornError):
            await reader.continuing(telling.session_id, spelled(last), 10)


async def test_a_place_that_was_given_to_another_event_is_torn(stage: Stage, redis: "Redis") -> None:
    """The store goes back, and a step that lives on writes at once what a queued message stood between."""
    attempt = await stage.begin()
    await write(attempt, "a")
    older = await take_snapshot(redis, stage.session_id)
    told = Telling(stage.session_id).tell("session.started", session={"status": "idle"})
    told = told.tell("turn.started", turn=1, message_ids=[]).tell("message.accepted")
    await stage.log.publish(told.publication())
    seen = await stage.reader.last(stage.session_id)
    assert seen is not None
    await write(attempt, "b")
    await go_back_to(redis, stage.session_id, older)
    await write(attempt, "c")
    assert [kind for kind in await stage.kinds() if kind != "message.delta"] == []
    with pytest.raises(LogTornError):
        await stage.reader.continuing(stage.session_id, spelled(seen), 10)


async def test_lines_said_again_are_the_same_place(stage: Stage, redis: "Redis") -> None:
    attempt = await stage.begin()
    older = await take_snapshot(redis, stage.session_id)
    await write(attempt, "a", "b")
    seen = await stage.reader.last(stage.session_id)
    assert seen is not None
    await go_back_to(redis, stage.session_id, older)
    await write(attempt, "c")
    [entry] = await stage.reader.continuing(stage.session_id, spelled(seen), 10)
    assert from_json(entry.event)["text"] == "c"


async def test_a_new_epoch_goes_on_with_its_reset(log: EventLog, reader: LogReader, telling: Telling) -> None:
    await log.publish(telling.tell("a", "b").publication())
    last = await reader.last(telling.session_id)
    assert last is not None
    await log.publish(telling.tell("a", "b").in_new_epoch(2).tell("c").publication())
    for cursor in (BEGINNING, spelled(last), Cursor(1, 7)):
        entries = await reader.continuing(telling.session_id, cursor, 10)
        assert [entry.kind for entry in entries] == ["reset", "c"]


async def test_an_epoch_that_begins_otherwise_is_torn(
    log: EventLog, reader: LogReader, telling: Telling
) -> None:
    """A worker dies in the session's very first task: the next one is born a little later."""
    await log.publish(telling.tell("session.started").publication())
    last = await reader.last(telling.session_id)
    assert last is not None
    reborn = Telling(telling.session_id, epoch=2).tell("session.started")
    await log.publish(reborn.publication())
    with pytest.raises(LogTornError):
        await reader.continuing(telling.session_id, spelled(last), 10)
    assert len(await reader.continuing(telling.session_id, BEGINNING, 10)) == 1


async def test_shown_is_read_over_many_pages(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.store.log_reader.PAGE", 2)
    attempt = await stage.begin()
    await write(attempt, "x", "y")
    await attempt.answer.supersede()
    await write(attempt, *"abcde")
    writer, position = await stage.take_over()
    shown = await stage.reader.shown(stage.session_id, writer.epoch, position.first, MESSAGE_ID)
    assert shown == list("abcde")
    assert await stage.reader.shown(stage.session_id, writer.epoch, position.first, "a-2") == []
