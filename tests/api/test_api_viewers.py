import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from activities.store.cursor import Cursor
from activities.store.event_log import Appended, Batch, Entry, EventLog, Outcome, Position, Writer
from api import sse
from api.options import DEFAULT_TENANT
from tests.api.asking import Http, act, answer, answered, logged, read, say, start
from tests.api.conftest import MakeApp, Serve
from tests.system import System
from tests.viewer import events
from workflows.contract.publication import Publication

EVENT_BYTES = 20_000


async def wordy(http: Http, redis: "Redis", count: int) -> str:
    """A session whose log is large: what clients say, `count` times."""
    session_id: str = (await start(http, message={"content": "hi"}))["session_id"]
    await answered(http, session_id)
    async with asyncio.timeout(10):
        while (await read(http, session_id))["status"] != "idle":
            await asyncio.sleep(0.02)
    await grow(http, redis, session_id, count)
    return session_id


async def grow(http: Http, redis: "Redis", session_id: str, count: int) -> None:
    """Append to the log, as a model step does."""
    place = Cursor.parse((await logged(http, session_id))[-1]["cursor"])
    assert place is not None
    log = EventLog(redis)
    writer = Writer(session_id, place.epoch, f"test {place.n}", int(time() * 1000) * 1024, turn=1_000)
    echo = Publication(session_id=session_id, tenant=DEFAULT_TENANT, epoch=place.epoch, base=0, revision=-1)
    assert isinstance(await log.begin(writer, echo), Position)
    for start_at in range(0, count, 100):
        entries = [_sentence(session_id, index) for index in range(start_at, start_at + 100)]
        batch = Batch(start_at, entries, response_id=None, cursor=None)
        assert await log.append(writer, batch) == Appended(Outcome.OK, start_at + 100)


def _sentence(session_id: str, index: int) -> Entry:
    event = {
        "type": "sentence",
        "session_id": session_id,
        "at": "",
        "index": index,
        "text": "x" * EVENT_BYTES,
    }
    return Entry("sentence", json.dumps(event).encode())


@asynccontextmanager
async def not_reading(system: System, session_id: str) -> AsyncIterator[asyncio.StreamReader]:
    """A viewer who asks, and takes nothing off the wire."""
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(f"GET /v1/sessions/{session_id}/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await writer.drain()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    try:
        yield reader
    finally:
        writer.transport.abort()


def resident(system: System) -> int:
    """Bytes of the API process in memory."""
    pages = int(Path(f"/proc/{system.parts['api'].pid}/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_an_idle_stream_has_a_heartbeat_and_still_hears(
    http: Http, make_app: MakeApp, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.1)
    session_id = (await start(http))["session_id"]
    seen: list[bytes] = []
    async with serve(make_app()) as served, asyncio.timeout(10), _raw(served, session_id) as chunks:
        async for chunk in chunks:
            seen.append(chunk)
            if seen.count(b": still here\n\n") == 3:
                await act(http, session_id, "pause")
            if b"session.paused" in chunk:
                break
    assert b"session.started" in b"".join(seen)


@asynccontextmanager
async def _raw(served: Http, session_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
    async with served.stream("GET", f"/v1/sessions/{session_id}/events") as response:
        yield response.aiter_raw()


def test_heartbeats_come_every_fifteen_seconds() -> None:
    assert sse.HEARTBEAT_SECONDS == 15


async def test_nothing_is_left_of_viewers_who_have_gone(
    http: Http, make_app: MakeApp, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = (await start(http))["session_id"]
    app: FastAPI = make_app()
    hub = app.state.context.hub
    async with serve(app) as served:
        viewers = [asyncio.create_task(_look(served, session_id)) for _ in range(20)]
        async with asyncio.timeout(10):
            while hub.viewers < 20:
                await asyncio.sleep(0.01)
            for viewer in viewers:
                viewer.cancel()
            while hub.viewers:
                await asyncio.sleep(0.01)
        assert hub._feeds == hub._following == {}
        again = asyncio.create_task(_look(served, session_id))
        await act(http, session_id, "pause")
        assert await asyncio.wait_for(again, 10) == "session.paused"


async def _look(served: Http, session_id: str) -> str:
    """The first news of a session."""
    async with aclosing(events(served, session_id)) as stream:
        async for event in stream:
            if event["type"] != "session.started":
                return str(event["type"])
    return ""


async def test_a_viewer_who_does_not_read_costs_nobody_anything(
    http: Http, redis: "Redis", system: System
) -> None:
    session_id = await wordy(http, redis, 400)
    async with asyncio.timeout(30):
        await _count(http, session_id, 400)
        before = resident(system)
        async with AsyncExitStack() as stalled:
            for _ in range(8):
                await stalled.enter_async_context(not_reading(system, session_id))
            await asyncio.sleep(0.5)
            await grow(http, redis, session_id, 400)
            begun = monotonic()
            assert await _count(http, session_id, 800) == 800
            assert monotonic() - begun < 5
            grown = resident(system) - before
    assert grown < 40_000_000, f"{grown / 1e6:.0f} MB for {800 * EVENT_BYTES / 1e6:.0f} MB of events"


async def _count(http: Http, session_id: str, count: int) -> int:
    """Sentences up to `count`."""
    seen = 0
    async with aclosing(events(http, session_id)) as stream:
        async for event in stream:
            seen += event["type"] == "sentence"
            if seen == count:
                break
    return seen


async def test_who_was_slow_gets_everything_in_order(http: Http, redis: "Redis", system: System) -> None:
    session_id = await wordy(http, redis, 300)
    async with not_reading(system, session_id) as reader, asyncio.timeout(30):
        await asyncio.sleep(0.3)
        await grow(http, redis, session_id, 700)
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        indices: list[Any] = []
        body = b""
        while len(indices) < 1000:
            body += await reader.read(1_000_000)
            *lines, body = body.split(b"\n")
            indices += [
                json.loads(line[6:])["index"]
                for line in lines
                if b'"sentence"' in line and line[:5] == b"data:"
            ]
    assert indices == [*range(300), *range(700)]


async def test_what_is_written_is_seen_at_once(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    delays: list[float] = []
    async with asyncio.timeout(20), aclosing(events(http, session_id, after="now")) as stream:
        for number in range(5):
            waiting = asyncio.create_task(anext(stream))
            await asyncio.sleep(0.1)
            taken = await say(http, session_id, f"m{number}", delivery="queue")
            begun = monotonic()
            event = await waiting
            delays.append(monotonic() - begun)
            while event.get("turn") != number + 1 or event["type"] != "turn.completed":
                event = await anext(stream)
            assert answer(await http.get(f"/v1/sessions/{session_id}", params={"after": taken["cursor"]}))
    assert sorted(delays)[2] < 0.5, delays
