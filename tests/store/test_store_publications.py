"""What one publication does to the store, and what the same does a second time.

Owns the cases written out by hand; random ones are in `test_store_scripts`.
"""

from dataclasses import replace

import pytest
from pydantic_core import from_json
from redis.asyncio import Redis

from activities.store import event_log, keys
from activities.store.event_log import Entry, EventLog, LastWords, Outcome, Writer
from activities.store.listing import Listing
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from tests.store.attempts import COMPLETE, Stage, write
from tests.store.contents import go_back_to, head_of, log_of, messages_of, session_of, take_snapshot
from tests.store.telling import TENANT, Telling, batch
from workflows.contract.publication import Publication


async def kinds_of(redis: "Redis", session_id: str) -> list[str]:
    return [line.kind for line in await log_of(redis, session_id)]


@pytest.fixture
def telling(session_id: str) -> Telling:
    return Telling(session_id)


# ---- the same again ----------------------------------------------------------------------------------


async def test_the_same_again_changes_nothing(log: EventLog, redis: "Redis", telling: Telling) -> None:
    telling = telling.tell("a", "b").say("hello").show(title="x").take("w1")
    assert await log.publish(telling.publication()) is Outcome.OK
    before = await take_snapshot(redis, telling.session_id)
    assert await log.publish(telling.publication()) is Outcome.OK
    assert await take_snapshot(redis, telling.session_id) == before


async def test_what_is_repeated_with_more_adds_what_is_new(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    await log.publish(telling.tell("a", "b").publication())
    repeated = telling.tell("x", "a", "b", "a").publication()
    assert await log.publish(repeated) is Outcome.OK
    assert await kinds_of(redis, telling.session_id) == ["a", "b", "x", "a"]


async def test_an_echo_is_ignored(log: EventLog, redis: "Redis", telling: Telling) -> None:
    first = telling.tell("a").show(title="old").publication()
    await log.publish(first)
    telling = telling.tell("a").confirmed(first).tell("b").show(title="new")
    await log.publish(telling.publication())
    before = await take_snapshot(redis, telling.session_id)
    assert await log.publish(first) is Outcome.ECHO
    assert await take_snapshot(redis, telling.session_id) == before


async def test_an_entry_is_published_once_though_a_step_confirmed_less(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    """What rides on a step is confirmed by the step, while a later publication is still on its way back."""
    riding = telling.tell("turn.started")
    queued = riding.tell("message.accepted")
    await log.begin(Writer(telling.session_id, 1, "1.1", 1, 1), riding.publication())
    assert await log.publish(queued.publication()) is Outcome.OK
    next_step = queued.confirmed(riding.publication()).tell("turn.started")
    assert next_step.base == 1
    await log.begin(Writer(telling.session_id, 1, "2.1", 2, 2), next_step.publication())
    assert await kinds_of(redis, telling.session_id) == ["turn.started", "message.accepted", "turn.started"]


# ---- a store that is not what the workflow takes it for ----------------------------------------------


async def test_what_a_lost_task_told_and_its_repetition_did_not_is_noticed(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    """A worker dies behind its local activity; before the task is repeated, the session is paused."""
    lost = telling.tell("message.accepted", "turn.started", "session.status_changed")
    await log.publish(lost.publication())
    repeated = telling.tell("message.accepted", "session.paused", "session.status_changed")
    assert await log.publish(repeated.publication()) is Outcome.LOST
    assert "session.paused" not in await kinds_of(redis, telling.session_id)


async def test_the_lost_task_that_comes_late_is_not_published(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    repeated = telling.tell("message.accepted", "session.paused", "session.status_changed")
    await log.publish(repeated.publication())
    lost = telling.tell("message.accepted", "turn.started", "session.status_changed")
    assert await log.publish(lost.publication()) is Outcome.LOST
    assert "turn.started" not in await kinds_of(redis, telling.session_id)


async def test_what_a_repeated_task_adds_to_less_than_the_lost_one_knew_is_noticed(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    """The lost task saw a step end, which confirmed what rode on it; its repetition sees a message first."""
    riding = telling.tell("turn.started")
    await log.publish(riding.publication())
    lost = riding.confirmed(riding.publication()).tell("turn.retrying")
    await log.publish(lost.publication())
    repeated = riding.tell("message.accepted")
    assert await log.publish(repeated.publication()) is Outcome.LOST
    assert await log.publish(riding.publication()) is Outcome.ECHO


@pytest.mark.parametrize("empty", [True, False])
async def test_entries_that_the_store_lost_are_noticed(
    log: EventLog, redis: "Redis", telling: Telling, empty: bool
) -> None:
    telling = telling.tell("a")
    await log.publish(telling.publication())
    telling = telling.confirmed(telling.publication()).tell("b")
    older = {} if empty else await take_snapshot(redis, telling.session_id)
    await log.publish(telling.publication())
    telling = telling.confirmed(telling.publication()).tell("c")
    await go_back_to(redis, telling.session_id, older)
    writer = Writer(telling.session_id, 1, "1.1", 1, 1)
    assert await log.publish(telling.publication()) is Outcome.LOST
    assert await log.begin(writer, telling.publication()) is Outcome.LOST
    assert await kinds_of(redis, telling.session_id) == ([] if empty else ["a"])


async def test_a_last_word_that_the_store_lost_is_noticed(
    stage: Stage, log: EventLog, redis: "Redis", telling: Telling
) -> None:
    """The end of the turn would follow half a message."""
    attempt = await stage.begin()
    riding = telling.tell("session.started", "turn.started")
    await write(attempt, "half ")
    older = await take_snapshot(redis, telling.session_id)
    await write(attempt, "whole")
    await attempt.answer.finish(COMPLETE)
    ended = riding.confirmed(riding.publication(), settled=True).tell("turn.completed")
    await go_back_to(redis, telling.session_id, older)
    assert await log.publish(ended.publication()) is Outcome.LOST
    assert "turn.completed" not in await kinds_of(redis, telling.session_id)


async def test_a_publication_of_an_older_epoch_is_refused(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    await log.publish(telling.tell("a").publication())
    await log.publish(telling.tell("a").in_new_epoch(2).publication())
    assert await log.publish(telling.tell("a", "b").publication()) is Outcome.LOST
    assert await kinds_of(redis, telling.session_id) == ["reset"]


async def test_a_new_epoch_forgets_messages_that_were_never_said(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    await log.publish(telling.tell("a").say("one").say("of a lost task").publication())
    await log.publish(telling.say("one").in_new_epoch(2).publication())
    assert [from_json(m)["content"] for m in await messages_of(redis, telling.session_id)] == ["one"]
    await log.publish(telling.in_new_epoch(3).publication())
    assert await messages_of(redis, telling.session_id) == []


async def test_a_new_epoch_keeps_messages_that_left_the_workflow(
    log: EventLog, redis: "Redis", telling: Telling
) -> None:
    telling = telling.say("one").say("two")
    await log.publish(telling.publication())
    publication = telling.in_new_epoch(2).publication()
    shortened = publication.model_copy(update={"messages_from": 1, "messages": publication.messages[1:]})
    await log.publish(shortened)
    assert [from_json(m)["content"] for m in await messages_of(redis, telling.session_id)] == ["one", "two"]


# ---- the projection ----------------------------------------------------------------------------------


async def test_an_older_revision_does_not_overwrite(log: EventLog, redis: "Redis", telling: Telling) -> None:
    older = telling.tell("a").show(title="old").publication(closing=True)
    newer = telling.tell("a", "b").show(title="new").publication()
    await log.publish(newer)
    await log.publish(older)
    session = await session_of(redis, telling.session_id)
    assert session["title"] == b'"new"'
    own = {name: value for name, value in session.items() if name.startswith("_")}
    assert own == {"_tenant": TENANT.encode(), "_cursor": b"1-2", "_as_of": b""}


async def test_the_place_in_the_list_never_goes_back(
    log: EventLog, listing: Listing, telling: Telling
) -> None:
    tenant = f"tenant-of-{telling.session_id}"

    async def publish(told: Telling, minute: int) -> None:
        shown = told.show(last_activity_at=f"2026-11-20T12:{minute}:00.000Z", session_key="SESSION-007")
        await log.publish(shown.publication().model_copy(update={"tenant": tenant}))

    await publish(telling.tell("a"), 30)
    listed = await listing.newest(tenant, None, 10)
    await publish(telling, 20)
    assert await listing.newest(tenant, None, 10) == listed
    await publish(telling.tell("a", "b"), 40)
    assert (await listing.newest(tenant, None, 10))[0] > listed[0]
    assert await listing.id_of(tenant, "SESSION-007") == telling.session_id


async def test_a_lost_publication_lists_nothing(log: EventLog, listing: Listing, telling: Telling) -> None:
    tenant = f"tenant-of-{telling.session_id}"
    shown = replace(telling, base=3).show(last_activity_at="2026-11-20T12:00:00.000Z")
    publication = shown.publication().model_copy(update={"tenant": tenant})
    assert await log.publish(publication) is Outcome.LOST
    assert await listing.newest(tenant, None, 10) == []


# ---- sizes -------------------------------------------------------------------------------------------


async def test_a_long_outage_is_told_at_once(
    log: EventLog, redis: "Redis", reader: LogReader, projection: Projection, telling: Telling
) -> None:
    """More than Lua's stack takes at a time, in every list that a publication has."""
    count = 9_000
    telling = telling.tell(*["message.accepted"] * count)
    telling = replace(telling, writes=tuple(f"w{i}" for i in range(count)))
    telling = telling.show(**{f"field{i}": i for i in range(300)})
    said = telling.say("x").messages[0]
    telling = replace(telling, messages=(said,) * count)
    assert await log.publish(telling.publication()) is Outcome.OK
    last = await reader.last(telling.session_id)
    assert last is not None
    assert last.cursor.n == count
    assert await projection.message_count(telling.session_id) == count
    assert await projection.has_written(telling.session_id, f"w{count - 1}")
    assert not await projection.has_written(telling.session_id, "w7999")
    assert await redis.llen(keys.writes(telling.session_id)) == 1_000


async def test_repeating_a_write_forgets_no_other(
    log: EventLog, projection: Projection, telling: Telling
) -> None:
    telling = replace(telling, writes=tuple(f"w{i}" for i in range(1_000)))
    await log.publish(telling.publication())
    await log.publish(replace(telling, writes=("w999", "w500")).publication())
    assert await projection.has_written(telling.session_id, "w0")


@pytest.mark.parametrize(
    "character", ["\x00", "\x7f", "ß", "\u2028", "\ufeff", "ก", "😀", "e\u0301", "\U0010ffff"]
)
async def test_the_largest_message_of_any_character(
    log: EventLog, projection: Projection, telling: Telling, character: str
) -> None:
    content = (character * 32_768)[:32_768]
    telling = telling.tell("message.accepted", content=content).say(content).show(title=content[:200])
    assert await log.publish(telling.publication()) is Outcome.OK
    messages = await projection.messages(telling.session_id, 0, 1)
    assert messages is not None
    assert messages[0][1].content == content


# ---- trimming ----------------------------------------------------------------------------------------


async def test_trimming_leaves_the_newest_entries(
    log: EventLog, redis: "Redis", telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "KEPT_ENTRIES", 3)
    telling = telling.tell(*["a"] * 6)
    await log.publish(telling.publication(trim=True))
    assert len(await log_of(redis, telling.session_id)) == 6
    await log.publish(telling.tell("b").publication())
    assert len(await log_of(redis, telling.session_id)) == 7
    await log.publish(telling.tell("b").publication(trim=True))
    assert [line.place for line in await log_of(redis, telling.session_id)] == ["1-5", "1-6", "1-7"]
    assert (await head_of(redis, telling.session_id))["n"] == b"7"


async def test_trimming_leaves_the_last_step_whole(
    stage: Stage, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication that was decided between turns may arrive in the middle of the next one."""
    monkeypatch.setattr(event_log, "KEPT_ENTRIES", 3)
    attempt = await stage.begin()
    await write(attempt, *"abcdefgh")
    late: Publication = stage.publication.model_copy(update={"trim": True})
    assert await stage.log.publish(late) is Outcome.OK
    assert len(await log_of(redis, stage.session_id)) == 8
    assert (await stage.begin()).answer.shown == "abcdefgh"


async def test_what_tenants_are_told_is_told_once(log: EventLog, redis: "Redis", telling: Telling) -> None:
    subscription = redis.pubsub(ignore_subscribe_messages=True)
    await subscription.subscribe(keys.feed(TENANT))
    await subscription.get_message(timeout=1)
    told = telling.tell("session.started", "message.accepted", "session.ending_soon", "session.ended")
    for _ in range(2):
        await log.publish(told.publication())
    heard = []
    while message := await subscription.get_message(timeout=0.2):
        heard.append(from_json(message["data"])["type"])
    assert heard == ["session.started", "session.ended"]
    await subscription.aclose()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped


# ---- who speaks --------------------------------------------------------------------------------------


async def test_a_run_that_was_turned_back_is_not_believed(log: EventLog, telling: Telling) -> None:
    told = telling.tell("a", "b")
    assert await log.publish(told.publication().spoken_by("run-1", None)) is Outcome.OK
    turned_back = telling.tell("a").publication().spoken_by("run-2", None)
    assert await log.publish(turned_back) is Outcome.LOST
    anew = telling.tell("a").in_new_epoch(2).publication().spoken_by("run-2", None)
    assert await log.publish(anew) is Outcome.OK
    assert await log.publish(told.publication().spoken_by("run-1", None)) is Outcome.LOST


async def test_a_run_that_continues_another_is_believed(log: EventLog, telling: Telling) -> None:
    first = telling.tell("a").publication()
    assert await log.publish(first.spoken_by("run-1", None)) is Outcome.OK
    then = telling.tell("a").confirmed(first).tell("b").publication()
    assert await log.publish(then.spoken_by("run-2", "run-1")) is Outcome.OK
    assert await log.publish(then.spoken_by("run-2", "run-1")) is Outcome.OK


# ---- sessions that are cut off -----------------------------------------------------------------------


def last_words(*kinds: str) -> LastWords:
    return LastWords([Entry(kind, b"{}") for kind in kinds], {"status": "closed"}, b"{}")


async def test_who_is_cut_off_says_nothing_more(log: EventLog, redis: "Redis", telling: Telling) -> None:
    session_id = telling.session_id
    writer = Writer(session_id, 1, "1.1", 7, 1)
    await log.begin(writer, telling.tell("a").publication().spoken_by("run-1", None))
    await log.append(writer, batch(0, "one"))
    assert await log.cut_off(session_id, TENANT, 1, last_words("session.ended")) is Outcome.GAP
    assert await log.cut_off(session_id, TENANT, 2, last_words("turn.stopped", "session.ended")) is Outcome.OK
    assert (await log.append(writer, batch(1, "two"))).outcome is Outcome.FENCED
    late = telling.tell("a", "b").publication().spoken_by("run-1", None)
    assert await log.publish(late) is Outcome.LOST
    kinds = [kind for _, kind, *_ in await log_of(redis, session_id)]
    assert kinds == ["a", "message.delta", "turn.stopped", "session.ended"]
    session = await session_of(redis, session_id)
    assert (session["status"], session["_cursor"], session["_closing"]) == (b'"closed"', b"1-4", b"1")
    assert await messages_of(redis, session_id) == [b"{}"]


async def test_what_the_store_has_lost_cannot_be_cut_off(log: EventLog, telling: Telling) -> None:
    assert await log.cut_off(telling.session_id, TENANT, 0, last_words("session.ended")) is Outcome.LOST
