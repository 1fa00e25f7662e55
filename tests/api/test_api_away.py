import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import httpx2
import pytest
from temporalio.client import Client

from activities.store import keys
from activities.store.client import connect
from api import sse
from tests.api.asking import AS_JSON, Http, act, answer, answered, read, refusal, say, start, transcript
from tests.api.conftest import MakeApp, Serve, asking
from tests.api.tunnel import Tunnel, tunnel
from tests.system import System
from tests.viewer import events
from workflows.contract.wire import DATA_CONVERTER

PATIENCE = 6.5
GoAway = Callable[[Tunnel], Awaitable[None]]


@dataclass
class Remote:
    """An API whose ways to engine and store can be closed."""

    http: Http
    engine: Tunnel
    store: Tunnel


@asynccontextmanager
async def remote(system: System, make_app: MakeApp, serve: Serve | None = None) -> AsyncIterator[Remote]:
    async with (
        tunnel(system.engine_address) as engine,
        tunnel(system.store_url.removeprefix("redis://")) as store,
    ):
        client = await Client.connect(engine.address, data_converter=DATA_CONVERTER, lazy=True)
        redis = connect(f"redis://{store.address}")
        app = make_app(client=client, store=redis)
        async with serve(app) if serve else asking(app) as http:
            yield Remote(http, engine, store)
        await redis.aclose()


async def in_time(asked: Awaitable[httpx2.Response], code: str) -> None:
    begun = monotonic()
    refusal(await asked, 503, code)
    assert monotonic() - begun < PATIENCE


def writes(http: Http, session_id: str) -> list[Awaitable[httpx2.Response]]:
    """Every call that needs the engine."""
    url = f"/v1/sessions/{session_id}"
    return [
        http.post("/v1/sessions", json={}),
        http.post("/v1/sessions", json={}, headers={"Idempotency-Key": "away"}),
        http.patch(url, json={"title": "x"}),
        http.delete(url),
        http.post(f"{url}/pause"),
        http.post(f"{url}/resume"),
        http.post(f"{url}/stop"),
        http.post(f"{url}/messages", json={"content": "x"}),
        http.delete(f"{url}/messages/m-1"),
        http.get("/v1/sessions/nobody"),
    ]


def reads(http: Http, session_id: str) -> list[Awaitable[httpx2.Response]]:
    """Every call that needs the store only."""
    url = f"/v1/sessions/{session_id}"
    return [
        http.get("/v1/sessions"),
        http.get(url),
        http.get(f"{url}/messages"),
        http.get(f"{url}/events", headers=AS_JSON),
    ]


async def not_ready(http: Http, **parts: str) -> None:
    ready = await http.get("/readyz")
    assert answer(ready, 503) == {"status": "unavailable", "engine": "ok", "store": "ok", **parts}
    answer(await http.get("/healthz"))


async def recovered(http: Http) -> None:
    """It serves again, without having been started again.

    Not the session that was asked for everything meanwhile: its closing may still be on its way.
    """
    async with asyncio.timeout(15):
        while (await http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.1)
    session_id = (await start(http))["session_id"]
    taken = await say(http, session_id)
    assert (await read(http, session_id, after=taken["cursor"]))["message_count"] >= 1


async def test_what_is_away_is_said_and_comes_back(system: System, make_app: MakeApp) -> None:
    await asyncio.gather(
        *(engine_goes_away(system, make_app, how) for how in (Tunnel.close, Tunnel.silence)),
        *(store_goes_away(system, make_app, how) for how in (Tunnel.close, Tunnel.silence)),
    )


async def engine_goes_away(system: System, make_app: MakeApp, go: GoAway) -> None:
    async with remote(system, make_app) as away:
        session_id = (await start(away.http))["session_id"]
        await go(away.engine)
        asked = [in_time(call, "engine_unavailable") for call in writes(away.http, session_id)]
        ready = not_ready(away.http, engine="unreachable")
        found = asyncio.gather(*reads(away.http, session_id))
        await asyncio.gather(ready, *asked)
        assert [response.status_code for response in await found] == [200] * 4
        await away.engine.open()
        await recovered(away.http)


async def store_goes_away(system: System, make_app: MakeApp, go: GoAway) -> None:
    async with remote(system, make_app) as away:
        session_id = (await start(away.http))["session_id"]
        await go(away.store)
        calls = [*writes(away.http, session_id), *reads(away.http, session_id)]
        asked = [in_time(call, "store_unavailable") for call in calls]
        await asyncio.gather(not_ready(away.http, store="unreachable"), *asked)
        await away.store.open()
        await recovered(away.http)


async def test_an_engine_that_was_never_there_is_said(system: System, make_app: MakeApp) -> None:
    client = await Client.connect("127.0.0.1:1", data_converter=DATA_CONVERTER, lazy=True)
    async with asking(make_app(client=client)) as http:
        await asyncio.gather(
            in_time(http.post("/v1/sessions", json={}), "engine_unavailable"),
            not_ready(http, engine="unreachable"),
        )


async def test_a_namespace_that_does_not_exist_is_no_closed_session(
    system: System, make_app: MakeApp
) -> None:
    client = await Client.connect(
        system.engine_address, namespace="nowhere", data_converter=DATA_CONVERTER, lazy=True
    )
    async with asking(make_app(client=client)) as http:
        await in_time(http.post("/v1/sessions", json={}), "engine_unavailable")


async def test_a_viewer_outlives_the_store(
    http: Http, system: System, make_app: MakeApp, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.2)
    async with remote(system, make_app, serve) as away:
        session_id = (await start(away.http))["session_id"]
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        watching = asyncio.create_task(_listen(away.http, session_id, heard))
        async with asyncio.timeout(20):
            while b"session.started" not in await heard.get():
                pass
            await away.store.close()
            beats = [await heard.get() for _ in range(5)]
            assert set(beats) == {sse.HEARTBEAT}
            await act(http, session_id, "pause")
            await away.store.open()
            while b"session.paused" not in await heard.get():
                pass
            await asyncio.sleep(0.5)
            begun = monotonic()
            await act(http, session_id, "resume")
            while b"session.resumed" not in await heard.get():
                pass
            # Wake-ups are back too: it was not the slow look that found it.
            assert monotonic() - begun < 1.8
        watching.cancel()


async def _listen(http: Http, session_id: str, heard: "asyncio.Queue[bytes]") -> None:
    async with http.stream("GET", f"/v1/sessions/{session_id}/events", timeout=None) as response:
        async for chunk in response.aiter_raw():
            heard.put_nowait(chunk)


async def test_a_session_that_the_store_has_forgotten_is_read_from_the_engine(
    http: Http, system: System
) -> None:
    session = await start(http, title="kept", message={"content": "hi"})
    session_id = session["session_id"]
    await answered(http, session_id)
    said = await transcript(http, session_id)
    redis = system.redis()
    await redis.delete(keys.session(session_id))
    shown = await read(http, session_id)
    assert (shown["title"], shown["session_key"]) == ("kept", session["session_key"])
    assert await transcript(http, session_id) == said
    async with asyncio.timeout(10):
        async for event in events(http, session_id):
            if event["type"] in {"turn.completed", "reset"}:
                break
    async with asyncio.timeout(10):
        while await redis.hget(keys.session(session_id), "title") != b'"kept"':
            await asyncio.sleep(0.02)
    await redis.aclose()
