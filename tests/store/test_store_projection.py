"""Reading what was projected; announcing what has not spoken yet.

Owns listing, paging and the borders between sessions and tenants.
"""

import asyncio
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import connect
from activities.store.cursor import Cursor
from activities.store.event_log import EventLog
from activities.store.listing import Listing
from activities.store.projection import Projection
from tests.effort import examples
from tests.store.telling import NOON, TENANT, Telling
from tests.store_server import StoreServer
from workflows.contract.profile import Agent, Limits, Profile
from workflows.contract.session import SessionView
from workflows.contract.start import SessionStart


def start(session_id: str, tenant: str = TENANT, **fields: Any) -> SessionStart:
    given: dict[str, Any] = {"session_key": "SESSION-001", "created_at": NOON, **fields}
    profile = Profile(name="chat", agents=(Agent(name="assistant", instructions="Be brief."),))
    return SessionStart(
        session_id=session_id, tenant=tenant, profile=profile, model="m", limits=Limits(), **given
    )


def view(session_id: str, **fields: Any) -> dict[str, Any]:
    return {**start(session_id).view().fields(), **fields}


@pytest.fixture
def tenant(session_id: str) -> str:
    return f"tenant-of-{session_id}"


# ---- announcing --------------------------------------------------------------------------------------


def written_by(server: StoreServer) -> Path:
    """The file that the server appends to."""
    return next(server.folder.rglob("*.incr.aof"))


async def test_a_store_that_loses_its_last_second_holds_an_announcement_whole_or_not_at_all(
    tmp_path: Path,
) -> None:
    with closing(StoreServer(tmp_path)) as server:
        await announced(server, "before")
        begin = written_by(server).stat().st_size
        await announced(server, "s")
        everything = written_by(server).read_bytes()
        end = len(everything)
        for cut_at in (end - 1, (begin + 3 * end) // 4, (begin + end) // 2, (3 * begin + end) // 4):
            server.kill()
            written_by(server).write_bytes(everything[:cut_at])
            server.restart()
            held = await fields_held(server, "s")
            assert held in ([], [*SessionView.model_fields, "cursor"])
        assert held == []


async def announced(server: StoreServer, session_id: str) -> None:
    async with aclosing(connect(server.url)) as redis:
        await Projection(redis).announce(start(session_id))


async def fields_held(server: StoreServer, session_id: str) -> list[str]:
    async with aclosing(connect(server.url)) as redis:
        found = await Projection(redis).session(session_id)
        return list(found.fields) if found else []


async def test_an_announced_session_can_be_read(
    projection: Projection, listing: Listing, session_id: str, tenant: str
) -> None:
    await projection.announce(start(session_id, tenant, title="Hé 😀"))
    found = await projection.session(session_id)
    assert found is not None
    assert (found.tenant, found.cursor, found.closing, found.closed) == (tenant, Cursor(0, 0), False, False)
    assert list(found.fields) == [*SessionView.model_fields, "cursor"]
    assert found.fields["title"] == "Hé 😀"
    assert found.fields["cursor"] == "0-0"
    assert await listing.id_of(tenant, "SESSION-001") == session_id
    assert await listing.newest(tenant, None, 10) == [(NOON.timestamp() * 1000, session_id)]


async def test_announcing_never_overwrites_what_the_workflow_said(
    log: EventLog, projection: Projection, listing: Listing, session_id: str
) -> None:
    said = view(session_id, status="active", title="said", last_activity_at="2026-11-20T13:00:00.000Z")
    await log.publish(Telling(session_id).tell("a").show(**said).publication(closing=True))
    before = await projection.session(session_id)
    listed = await listing.newest(TENANT, None, 1_000)
    await projection.announce(start(session_id, "somebody-else", title="announced"))
    assert await projection.session(session_id) == before
    assert await listing.newest(TENANT, None, 1_000) == listed
    assert before is not None
    assert (before.fields["title"], before.tenant, before.closing) == ("said", TENANT, True)


async def test_what_is_told_after_a_loss_is_no_session(
    redis: "Redis", log: EventLog, projection: Projection, session_id: str
) -> None:
    telling = Telling(session_id).tell("a").show(**view(session_id))
    first = telling.publication()
    await log.publish(first)
    await redis.delete(keys.session(session_id))
    changed = replace(telling.confirmed(first), session={}, revision=telling.revision + 1).tell("b")
    await log.publish(replace(changed, session={"status": "idle", "turn": None}).publication())
    assert await redis.hget(keys.session(session_id), "status") == b'"idle"'
    assert await projection.session(session_id) is None
    await projection.announce(start(session_id))
    found = await projection.session(session_id)
    assert found is not None
    assert list(found.fields) == [*SessionView.model_fields, "cursor"]


async def test_an_unknown_session_is_none(projection: Projection, listing: Listing, session_id: str) -> None:
    assert await projection.session(session_id) is None
    assert await projection.sessions([session_id]) == [None]
    assert await listing.id_of(TENANT, "SESSION-999999") is None


async def test_a_closed_session_is_closed(log: EventLog, projection: Projection, session_id: str) -> None:
    closed = view(session_id, status="closed")
    await log.publish(Telling(session_id).tell("a").show(**closed).publication())
    found = await projection.session(session_id)
    assert found is not None
    assert found.closed
    assert found.cursor == Cursor(1, 1)


# ---- borders -----------------------------------------------------------------------------------------

IDS = st.text(st.sampled_from("ab{}:*?[]\\ \n\x00é😀"), min_size=1, max_size=12) | st.sampled_from(
    ["tenant:acme", "}:log", "a}:log", "{a", "a:session", "perdure:", "a}:head{b", "*", "SESSION-001"]
)


@given(one=IDS, other=IDS)
def test_no_id_reaches_the_keys_of_another(one: str, other: str) -> None:
    of_one = {*keys.script_keys(one), keys.channel(one)}
    of_tenant = {keys.sessions(other), keys.session_keys(other), keys.key_counter(other)}
    assert of_one.isdisjoint(of_tenant)
    if one != other:
        assert of_one.isdisjoint({*keys.script_keys(other), keys.channel(other)})
        assert of_tenant.isdisjoint({keys.sessions(one), keys.session_keys(one), keys.key_counter(one)})


@examples(25)
@given(one=IDS, other=IDS)
def test_what_is_said_of_one_session_is_not_said_of_another(
    store_server: StoreServer, one: str, other: str
) -> None:
    async def scenario() -> None:
        redis = connect(store_server.url)
        log, projection = EventLog(redis), Projection(redis)
        telling = Telling(one).tell("a").say("hello").show(**view(one)).take("w1")
        await log.publish(telling.publication())
        if one != other:
            assert await projection.session(other) is None
            assert await projection.message_count(other) == 0
            assert not await projection.has_written(other, "w1")
        assert await projection.has_written(one, "w1")
        found = await projection.session(one)
        assert found is not None
        assert found.fields["session_id"] == one
        await redis.delete(*keys.script_keys(one))

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(scenario())


# ---- listing -----------------------------------------------------------------------------------------


async def announce_all(projection: Projection, tenant: str, minutes: list[int]) -> list[tuple[float, str]]:
    """Sessions with the last activity at these minutes; newest first."""
    for i, minute in enumerate(minutes):
        born = NOON + timedelta(minutes=minute)
        await projection.announce(start(f"{tenant}-{i:02d}", tenant, created_at=born))
    scored = [
        ((NOON + timedelta(minutes=minute)).timestamp() * 1000, f"{tenant}-{i:02d}")
        for i, minute in enumerate(minutes)
    ]
    return sorted(scored, reverse=True)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("minutes", [[0] * 11, [0, 1, 1, 1, 1, 1, 2, 2], list(range(9)), []])
async def test_pages_hold_every_session_once(
    projection: Projection, listing: Listing, tenant: str, minutes: list[int], size: int
) -> None:
    expected = await announce_all(projection, tenant, minutes)
    seen: list[tuple[float, str]] = []
    before: tuple[float, str] | None = None
    while page := await listing.newest(tenant, before, size):
        assert len(page) == min(size, len(expected) - len(seen))
        seen += page
        before = page[-1]
    assert seen == expected


async def test_sessions_are_read_together(projection: Projection, tenant: str) -> None:
    listed = await announce_all(projection, tenant, [0, 1])
    ids = [session_id for _, session_id in listed]
    found = await projection.sessions([*ids, "unknown"])
    assert [session and session.fields["session_id"] for session in found] == [*ids, None]
    assert await projection.sessions([]) == []


# ---- the transcript ----------------------------------------------------------------------------------


async def test_messages_have_their_indices(log: EventLog, projection: Projection, session_id: str) -> None:
    telling = Telling(session_id).say("a").say("b").say("c")
    await log.publish(telling.publication())

    async def contents(begin: int, end: int) -> list[tuple[int, str]] | None:
        found = await projection.messages(session_id, begin, end)
        return None if found is None else [(index, message.content) for index, message in found]

    assert await contents(0, 3) == [(0, "a"), (1, "b"), (2, "c")]
    assert await contents(1, 2) == [(1, "b")]
    assert await contents(0, 0) == []
    assert await contents(2, 2) == []
    assert await contents(0, 4) is None
    assert await contents(3, 4) is None


async def test_messages_that_were_lost_leave_holes(
    log: EventLog, projection: Projection, redis: "Redis", session_id: str
) -> None:
    telling = Telling(session_id).say("lost").say("kept").in_new_epoch(2)
    publication = telling.publication()
    await log.publish(
        publication.model_copy(update={"messages_from": 3, "messages": publication.messages[1:]})
    )
    assert await projection.message_count(session_id) == 4
    found = await projection.messages(session_id, 0, 4)
    assert found is not None
    assert [(index, message.content) for index, message in found] == [(3, "kept")]
    assert await redis.lrange(keys.messages(session_id), 0, 2) == [b"", b"", b""]


async def test_a_message_is_not_doubled_by_a_publication_that_overlaps(
    log: EventLog, projection: Projection, session_id: str
) -> None:
    telling = Telling(session_id).say("a")
    await log.publish(telling.publication())
    await log.publish(telling.say("b").publication())
    await log.publish(telling.publication())
    assert await projection.message_count(session_id) == 2
