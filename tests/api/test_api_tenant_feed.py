import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import connect
from api import sse, tenant_feed
from api.tenant_feed import Listener, TenantFeed
from tests.api.asking import Http, Json, act, answer, change, close, read, refusal, say, start
from tests.api.conftest import MakeApp, Serve
from tests.api.test_api_access import bearer
from tests.api.tunnel import tunnel
from tests.system import System

KEYS = (("red", "red key one"), ("blue", "blue key one"))


@pytest.fixture(scope="module")
async def api(make_app: MakeApp, serve: Serve) -> AsyncIterator[Http]:
    """An API of two tenants; asks as the red one."""
    async with serve(make_app(keys=KEYS)) as http:
        http.headers.update(bearer("red key one"))
        yield http


@asynccontextmanager
async def listening(http: Http, key: str = "red key one") -> AsyncIterator[AsyncGenerator[Json]]:
    """What a tenant is told, from when the answer has begun."""
    headers = bearer(key)
    async with http.stream("GET", "/v1/events", headers=headers, timeout=None) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] == sse.MEDIA_TYPE
        async with aclosing(_told(response)) as told:
            yield told


async def _told(response: Any) -> AsyncGenerator[Json]:
    rest = b""
    async for chunk in response.aiter_bytes():
        *frames, rest = (rest + chunk).split(b"\n\n")
        for frame in frames:
            if not frame.startswith(b":"):
                fields = dict(line.split(b": ", 1) for line in frame.split(b"\n"))
                assert set(fields) == {b"event", b"data"}
                event: Json = json.loads(fields[b"data"])
                assert event["type"] == fields[b"event"].decode()
                yield event


async def until(told: AsyncIterator[Json], session_id: str, kind: str) -> list[Json]:
    found: list[Json] = []
    async with asyncio.timeout(10):
        async for event in told:
            found.append(event)
            if (event["type"], event["session_id"]) == (kind, session_id):
                return found
    raise AssertionError("the feed ended")


async def test_a_tenant_hears_what_its_sessions_do(api: Http) -> None:
    async with listening(api) as told:
        session_id = (await start(api, title="first"))["session_id"]
        await change(api, session_id, title="second")
        taken = await say(api, session_id)
        # Else both may come to the workflow at once, and no turn begins.
        await read(api, session_id, after=taken["cursor"])
        await close(api, session_id)
        found = await until(told, session_id, "session.ended")
    mine = [event for event in found if event["session_id"] == session_id]
    assert all({"type", "session_id", "at"} <= set(event) for event in mine)
    assert [event["type"] for event in mine if event["type"] != "session.status_changed"] == [
        *("session.started", "session.updated", "session.ended")
    ]
    assert mine[0]["session"]["title"] == "first"
    assert mine[1]["session"]["title"] == "second"
    changes = [(e["old"], e["new"]) for e in mine if e["type"] == "session.status_changed"]
    assert changes[0] == ("idle", "active")
    assert changes[-1][1] == "closed"


async def test_twenty_listeners_hear_the_same(api: Http) -> None:
    async with AsyncExitStack() as opened:
        feeds = [await opened.enter_async_context(listening(api)) for _ in range(20)]
        session_id = (await start(api))["session_id"]
        await close(api, session_id)
        heard = await asyncio.gather(*(until(told, session_id, "session.ended") for told in feeds))
    of_it = [[event for event in events if event["session_id"] == session_id] for events in heard]
    assert all(events == of_it[0] for events in of_it)
    assert of_it[0][0]["type"] == "session.started"


async def test_two_tenants_cannot_hear_each_other(api: Http) -> None:
    async with listening(api) as red, listening(api, "blue key one") as blue:
        of_red = (await start(api))["session_id"]
        of_blue = await start_as_blue(api)
        again = (await start(api))["session_id"]
        heard_by_blue = await until(blue, of_blue, "session.started")
        heard_by_red = await until(red, again, "session.started")
        await act(api, of_red, "open")
        heard_by_red += await until(red, of_red, "session.open")
        refusal(await api.post(f"/v1/sessions/{of_blue}/open"), 404, "session_not_found")
        on = (await start(api))["session_id"]
        await until(red, on, "session.started")
        of_blue_too = await start_as_blue(api)
        heard_by_blue += await until(blue, of_blue_too, "session.started")
    assert {event["session_id"] for event in heard_by_blue} == {of_blue, of_blue_too}
    assert of_blue not in {event["session_id"] for event in heard_by_red}


async def start_as_blue(api: Http) -> str:
    started = await api.post("/v1/sessions", json={}, headers=bearer("blue key one"))
    session_id: str = answer(started, 201)["session_id"]
    return session_id


async def test_a_session_token_hears_nothing(api: Http) -> None:
    token = (await start(api))["session_token"]
    refusal(await api.get("/v1/events", headers=bearer(token)), 401, "unauthorized")
    headers = {"Authorization": "Bearer nobody"}
    refusal(await api.get("/v1/events", headers=headers), 401, "unauthorized")


async def test_a_session_is_opened_for_the_other_clients(api: Http) -> None:
    session = await start(api, user_id="ann", title="here")
    session_id, token = session["session_id"], bearer(session["session_token"])
    async with listening(api) as told:
        for headers in (bearer("red key one"), token):
            taken = answer(await api.post(f"/v1/sessions/{session_id}/open", headers=headers), 202)
            assert set(taken) == {"cursor"}
            event = (await until(told, session_id, "session.open"))[-1]
            assert set(event) == {"type", "session_id", "at", "session", "user_id"}
            assert (event["user_id"], event["session"]["title"]) == ("ann", "here")
    assert (await read(api, session_id, after=taken["cursor"]))["session_id"] == session_id
    await close(api, session_id)
    refusal(await api.post(f"/v1/sessions/{session_id}/open"), 409, "session_closed")


async def test_another_token_opens_the_same_session_and_no_other(api: Http) -> None:
    session, other = await start(api), await start(api)
    url = f"/v1/sessions/{session['session_id']}/token"
    given = answer(await api.post(url), 201)
    assert set(given) == {"session_token"}
    holder = bearer(given["session_token"])
    assert given["session_token"] != session["session_token"]
    for headers in (holder, bearer(session["session_token"])):
        answer(await api.get(f"/v1/sessions/{session['session_id']}", headers=headers))
        refusal(
            await api.get(f"/v1/sessions/{other['session_id']}", headers=headers), 404, "session_not_found"
        )
        refusal(await api.post(url, headers=headers), 401, "unauthorized")
    refusal(await api.post(url, headers=bearer("blue key one")), 404, "session_not_found")
    await close(api, session["session_id"])
    answer(await api.post(url), 201)


async def test_without_keys_everybody_here_gets_tokens_and_hears(http: Http) -> None:
    async with http.stream("GET", "/v1/events", timeout=None) as response:
        told = _told(response)
        session_id = (await start(http))["session_id"]
        await until(told, session_id, "session.started")
    given = answer(await http.post(f"/v1/sessions/{session_id}/token"), 201)
    answer(await http.get(f"/v1/sessions/{session_id}", headers=bearer(given["session_token"])))


async def test_a_silent_feed_has_a_heartbeat(
    make_app: MakeApp, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.1)
    app = make_app(keys=(("quiet", "key of quiet"),))
    quiet = bearer("key of quiet")
    seen = b""
    async with (
        asyncio.timeout(10),
        serve(app) as http,
        http.stream("GET", "/v1/events", headers=quiet) as response,
    ):
        async for chunk in response.aiter_raw():
            seen += chunk
            if seen.count(b": still here\n\n") == 3:
                break
    assert seen == b": still here\n\n" * 3


async def gone(told: AsyncIterator[Json]) -> None:
    """Wait until the feed ends by itself."""
    async with asyncio.timeout(10):
        async for _ in told:
            pass


async def test_the_end_of_the_process_ends_the_feed_and_nothing_is_left(
    make_app: MakeApp, serve: Serve
) -> None:
    app: FastAPI = make_app(keys=KEYS)
    feed = app.state.context.tenants
    async with serve(app) as http:
        async with listening(http), listening(http, "blue key one"):
            assert feed.listeners == 2
        async with asyncio.timeout(5):
            while feed.listeners:
                await asyncio.sleep(0.01)
        async with listening(http) as told:
            feed.close()
            await gone(told)
        async with listening(http) as told:
            await gone(told)


async def test_who_lags_is_sent_away_and_costs_nobody_anything(
    make_app: MakeApp, serve: Serve, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: FastAPI = make_app(keys=KEYS)
    channel = keys.feed("red")
    event = json.dumps({"type": "session.updated", "session_id": "x", "at": "", "pad": "x" * 20_000})
    async with serve(app) as http, asyncio.timeout(30), listening(http) as told:
        host, _, port = str(http.base_url).removeprefix("http://").rstrip("/").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        lines = ("GET /v1/events HTTP/1.1", f"Host: {host}", "Authorization: Bearer red key one")
        writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        (audience,) = app.state.context.tenants._audiences.values()
        assert len(audience.listeners) == 2
        for _ in range(1_000):
            await redis.publish(channel, event)
            assert (await anext(told))["type"] == "session.updated"
        held = [listener._held_bytes for listener in audience.listeners]
        assert max(held) <= 1_048_576
        assert sorted(listener._over for listener in audience.listeners) == [False, True]
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        while await reader.read(1_000_000):
            pass
        writer.close()
        assert reader.at_eof()


async def test_a_feed_begins_when_the_store_has_confirmed_it(redis: "Redis") -> None:
    feed, begun = TenantFeed(redis), asyncio.Event()

    async def first() -> Sequence[bytes]:
        async with feed.listen("somebody") as listener:
            begun.set()
            await redis.publish(keys.feed("somebody"), b"first")
            return await listener.next()

    hearing = asyncio.create_task(first())
    await asyncio.sleep(0.3)
    assert not begun.is_set(), "nobody has read the store's confirmation"
    running = asyncio.create_task(feed.run())
    assert await asyncio.wait_for(hearing, 5) == [b"first"]
    assert await asyncio.wait_for(first(), 5) == [b"first"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await feed._subscription.aclose()


async def test_a_listener_holds_a_bounded_number_of_events() -> None:
    listener = Listener()
    for _ in range(tenant_feed.MAX_HELD):
        listener.tell(b"x")
    assert len(await listener.next()) == tenant_feed.MAX_HELD
    for _ in range(tenant_feed.MAX_HELD + 1):
        listener.tell(b"x")
    assert await listener.next() == []


async def test_a_store_that_was_away_ends_the_feed_and_it_comes_back(
    make_app: MakeApp, serve: Serve, system: System
) -> None:
    async with tunnel(system.store_url.removeprefix("redis://")) as way:
        store = connect(f"redis://{way.address}")
        async with serve(make_app(keys=KEYS, store=store)) as http:
            http.headers.update(bearer("red key one"))
            async with listening(http) as told:
                await way.close()
                await gone(told)
            refusal(await http.get("/v1/events", timeout=20), 503, "store_unavailable")
            await way.open()
            async with asyncio.timeout(20):
                while (await http.get("/readyz")).status_code != 200:
                    await asyncio.sleep(0.1)
            async with listening(http) as told:
                session_id = (await start(http))["session_id"]
                await until(told, session_id, "session.started")
        await store.aclose()
