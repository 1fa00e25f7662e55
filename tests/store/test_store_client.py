"""The connection: a cancellation is a cancellation, and a store that is away is said to be away.

Owns what every user of the store relies on.
"""

import asyncio
import functools
import time

import pytest
from redis.asyncio import Redis

from activities.store import event_log
from activities.store.client import StoreUnavailableError, connect, patience
from activities.store.cursor import BEGINNING
from activities.store.event_log import EventLog, Outcome
from activities.store.log_reader import LogReader
from tests.store.attempts import Stage, write
from tests.store.telling import Telling
from tests.store_server import StoreServer

CANCELLATIONS = 200
SHORT = 0.2


async def test_no_cancellation_is_swallowed(redis: "Redis") -> None:
    async def ask_for_ever() -> None:
        while True:
            async with patience():
                await redis.ping()

    for i in range(CANCELLATIONS):
        task = asyncio.create_task(ask_for_ever())
        await asyncio.sleep(i % 10 * 0.0002)
        task.cancel()
        await asyncio.wait({task}, timeout=1)
        assert task.cancelled()


async def echo(redis: "Redis", text: str) -> str:
    answer = await redis.echo(text)
    return answer if isinstance(answer, str) else answer.decode()


async def test_a_cancelled_command_leaves_its_reply_to_nobody(redis: "Redis") -> None:
    for i in range(CANCELLATIONS):
        task = asyncio.create_task(echo(redis, f"cancelled {i}"))
        await asyncio.sleep(i % 10 * 0.00005)
        task.cancel()
        assert await echo(redis, f"asked {i}") == f"asked {i}"
        await asyncio.gather(task, return_exceptions=True)


async def test_a_cancelled_script_leaves_a_client_that_works(stage: Stage) -> None:
    attempt = await stage.begin()
    for i in range(CANCELLATIONS // 4):
        attempt.answer.heard("x", i)
        task = asyncio.create_task(attempt.answer.write())
        await asyncio.sleep(i % 10 * 0.0001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await write(attempt, "end")
    assert "".join(text for _, text in await stage.said()) == "x" * (CANCELLATIONS // 4) + "end"


async def test_a_dead_store_is_said_to_be_away_and_found_again(
    redis: "Redis", store_server: StoreServer, session_id: str
) -> None:
    log = EventLog(redis)
    telling = Telling(session_id).tell("a")
    await asyncio.gather(*(redis.ping() for _ in range(8)))
    await log.publish(telling.publication())
    store_server.kill()
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        await log.publish(telling.tell("b").publication())
    assert time.monotonic() - began < 3
    await asyncio.to_thread(store_server.restart)
    published = await asyncio.gather(*(log.publish(telling.tell("b").publication()) for _ in range(8)))
    assert published == [Outcome.OK] * 8
    assert [entry.kind for entry in await LogReader(redis).after(session_id, BEGINNING, 9)] == ["a", "b"]


async def test_a_silent_store_is_said_to_be_away_and_found_again(
    redis: "Redis", store_server: StoreServer, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "patience", functools.partial(patience, SHORT))
    log = EventLog(redis)
    telling = Telling(session_id).tell("a")
    await log.publish(telling.publication())
    with store_server.frozen():
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="TimeoutError"):
            await log.publish(telling.tell("b").publication())
        assert SHORT <= time.monotonic() - began < SHORT + 2
    assert await log.publish(telling.tell("b").publication()) is Outcome.OK
    assert [entry.kind for entry in await LogReader(redis).after(session_id, BEGINNING, 9)] == ["a", "b"]


async def test_what_a_silent_store_does_when_it_thaws_is_not_done_twice(
    stage: Stage, store_server: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "patience", functools.partial(patience, SHORT / 4))
    monkeypatch.setattr("activities.lines.AWAY_SECONDS", 0.01)
    attempt = await stage.begin()
    await write(attempt, "before ")
    with store_server.frozen():
        attempt.answer.heard("meanwhile ", 2)
        waiting = asyncio.create_task(attempt.answer.write())
        await asyncio.sleep(SHORT)
    await waiting
    await write(attempt, "behind")
    assert [text for _, text in await stage.said()] == ["before ", "meanwhile ", "behind"]


async def test_a_silent_store_lets_itself_be_cancelled(redis: "Redis", store_server: StoreServer) -> None:
    await redis.ping()
    with store_server.frozen():
        task = asyncio.create_task(echo(redis, "unheard"))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait({task}, timeout=1)
        assert task.cancelled()
    assert await redis.ping()


async def test_more_users_than_connections_wait_for_one(store_server: StoreServer) -> None:
    redis = connect(store_server.url)
    async with patience():
        echoed = await asyncio.gather(*(echo(redis, str(i)) for i in range(300)))
    assert echoed == [str(i) for i in range(300)]
    await redis.aclose()


async def test_only_what_the_store_did_is_turned_into_its_absence() -> None:
    with pytest.raises(KeyError):
        async with patience():
            raise KeyError
    with pytest.raises(asyncio.CancelledError):
        async with patience():
            raise asyncio.CancelledError
