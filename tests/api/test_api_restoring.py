"""What the store lost of a session that is over comes back closed in every field, and expires in time."""

import asyncio
from datetime import datetime
from uuid import uuid4

from redis.asyncio import Redis
from temporalio.client import Client

from activities.store import keys
from activities.store.event_log import EventLog
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from activities.store.retention import Retention
from api.ending import Ending
from tests.api.asking import Http, Json, close, logged, read, running, say, start
from tests.store.test_store_projection import start as session_start
from tests.system import System
from workflows.contract.session import EndReason, workflow_id


async def lose(redis: "Redis", session_id: str) -> None:
    await redis.delete(*keys.script_keys(session_id))
    await redis.zrem(keys.CLOSED, session_id)


async def noted_end(redis: "Redis", session_id: str) -> float | None:
    return await redis.zscore(keys.CLOSED, session_id)


def updated_ms(session: Json) -> float:
    return datetime.fromisoformat(session["updated_at"]).timestamp() * 1000


async def test_a_closed_session_that_is_restored_expires_as_if_it_had_never_been_lost(
    http: Http, redis: "Redis", engine: Client
) -> None:
    closed = await close(http, (await start(http))["session_id"])
    await engine.get_workflow_handle(workflow_id(closed["session_id"])).result()
    await lose(redis, closed["session_id"])
    restored = await read(http, closed["session_id"])
    assert {**restored, "cursor": closed["cursor"]} == closed
    assert await noted_end(redis, closed["session_id"]) == updated_ms(closed)


async def test_a_terminated_session_that_is_restored_waits_for_nothing(
    http: Http, system: System, redis: "Redis", engine: Client
) -> None:
    await system.script(contains="go on", tokens=3000, tokens_per_second=100)
    session_id = (await start(http, profile="duo", message={"content": "go on"}))["session_id"]
    await running(http, session_id)
    sent = await say(http, session_id, "and then?", delivery="queue")
    shown = await read(http, session_id, after=sent["cursor"])
    assert (shown["queued"], bool(shown["turn"]), bool(shown["ends_at"])) == (1, True, True)
    await engine.get_workflow_handle(workflow_id(session_id)).terminate()
    await lose(redis, session_id)
    restored = await read(http, session_id)
    assert (restored["status"], restored["end_reason"]) == ("closed", "terminated")
    assert (restored["turn"], restored["queue"], restored["queued"]) == (None, [], 0)
    assert (restored["idle_at"], restored["ends_at"]) == (None, None)
    assert restored["updated_at"] > shown["updated_at"]
    assert await noted_end(redis, session_id) == updated_ms(restored)


async def test_an_open_session_that_was_lost_tells_itself_once_however_many_ask(
    http: Http, redis: "Redis", engine: Client
) -> None:
    session_id = (await start(http, title="lost"))["session_id"]
    while not await logged(http, session_id):
        await asyncio.sleep(0.02)
    await lose(redis, session_id)
    found = await asyncio.gather(*(read(http, session_id) for _ in range(20)))
    assert {session["title"] for session in found} == {"lost"}
    history = await engine.get_workflow_handle(workflow_id(session_id)).fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes for event in history.events]
    assert [signal.signal_name for signal in signals if signal.signal_name] == ["store_lost"]
    await close(http, session_id)


async def test_only_an_end_that_was_told_is_noted(redis: "Redis") -> None:
    projection, retention = Projection(redis), Retention(redis)
    ending = Ending(EventLog(redis), LogReader(redis), projection, retention)
    session_id = uuid4().hex
    assert not await ending.end(session_id, "t", EndReason.TERMINATED)
    assert await noted_end(redis, session_id) is None
    await projection.announce(session_start(session_id, "t"))
    assert not await ending.end(session_id, "t", EndReason.TERMINATED)
    assert await noted_end(redis, session_id) is None
    await redis.hset(keys.session(session_id), "status", '"closed"')
    assert await ending.end(session_id, "t", EndReason.TERMINATED)
    assert await noted_end(redis, session_id) is not None
    await retention.delete(session_id)
