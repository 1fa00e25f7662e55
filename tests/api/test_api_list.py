import asyncio
from collections.abc import AsyncIterator
from itertools import chain
from typing import Any

import pytest
from redis.asyncio import Redis

from activities.store import keys
from tests.api.asking import (
    SESSION_FIELDS,
    Http,
    Json,
    answer,
    change,
    close,
    read,
    refusal,
    say,
    start,
)
from tests.api.conftest import MakeApp, asking


@pytest.fixture(scope="module")
async def lists(make_app: MakeApp) -> AsyncIterator[Http]:
    """A tenant that nobody else puts sessions into."""
    app = make_app(keys=(("lists", "key of lists"), ("ties", "key of ties")))
    async with asking(app, headers={"Authorization": "Bearer key of lists"}) as client:
        yield client


async def items(http: Http, **query: Any) -> list[Json]:
    return answer(await http.get("/v1/sessions", params=query))["items"]  # type: ignore[no-any-return]


async def pages(http: Http, **query: Any) -> list[list[str]]:
    """The ids on every page, until there is no other."""
    found: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = answer(await http.get("/v1/sessions", params={**query, **cursor}))
        assert set(page) == {"items", "next_cursor"}
        found.append([session["session_id"] for session in page["items"]])
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def test_the_newest_activity_comes_first(lists: Http) -> None:
    one, two, three = [(await start(lists))["session_id"] for _ in range(3)]
    found = await items(lists)
    assert [session["session_id"] for session in found] == [three, two, one]
    assert all(set(session) == SESSION_FIELDS for session in found)
    taken = await say(lists, one)
    await read(lists, one, after=taken["cursor"])
    async with asyncio.timeout(10):
        # The turn's end is activity, too.
        while (await read(lists, one))["status"] != "idle":
            await asyncio.sleep(0.02)
    assert [session["session_id"] for session in await items(lists, limit=2)] == [one, three]


async def test_filters_go_together(lists: Http) -> None:
    ada = await start(lists, user_id="ada", profile="duo", title="Wide open sea")
    bob = await start(lists, user_id="bob", title="wide ocean")
    paused = (await lists.post(f"/v1/sessions/{bob['session_id']}/pause")).json()
    await read(lists, bob["session_id"], after=paused["cursor"])
    over = await close(lists, (await start(lists, user_id="ada"))["session_id"])

    async def found(**query: Any) -> set[str]:
        return {session["session_id"] for session in await items(lists, **query)}

    assert await found(user_id="ada") == {ada["session_id"], over["session_id"]}
    assert await found(user_id="ada", status="closed") == {over["session_id"]}
    assert await found(user_id="ada", status="active,idle,closed") == {ada["session_id"], over["session_id"]}
    assert await found(status="paused") == {bob["session_id"]}
    assert await found(profile="duo") == {ada["session_id"]}
    assert await found(q="WIDE o") == {ada["session_id"], bob["session_id"]}
    assert await found(q="wide o", user_id="bob") == {bob["session_id"]}
    assert await found(q="open") == set()
    assert await found(q=ada["session_key"].lower()) == {ada["session_id"]}
    assert await found(q=ada["session_id"][:12]) == {ada["session_id"]}
    assert await found(q="*") == await found(q="[a-z]*") == await found(user_id="nobody") == set()


async def test_pages_have_no_gap_and_no_repeat(lists: Http) -> None:
    for _ in range(3):
        await start(lists, user_id="paged")
    everything = [session["session_id"] for session in await items(lists, limit=200)]
    for limit in (1, 2, len(everything), 200):
        found = await pages(lists, limit=limit)
        assert [*chain.from_iterable(found)] == everything
        assert all(len(page) == limit for page in found[:-1])
    assert [len(page) for page in await pages(lists, user_id="paged", limit=2)] == [2, 1]
    assert [len(page) for page in await pages(lists, user_id="paged", limit=3)] == [3]


async def test_sessions_of_the_same_moment_come_once_each(make_app: MakeApp, redis: "Redis") -> None:
    session_ids = [f"tie{number:04d}" for number in range(450)]
    real = await start(asking(make_app(keys=(("ties", "key of ties"),)), headers=TIES))
    stored: dict[Any, Any] = await redis.hgetall(keys.session(real["session_id"]))
    pipe = redis.pipeline()
    for session_id in session_ids:
        pipe.hset(keys.session(session_id), mapping={**stored, b"session_id": f'"{session_id}"'.encode()})
    pipe.zadd(keys.sessions("ties"), dict.fromkeys(session_ids, 1_000_000.0))
    await pipe.execute()
    async with asking(make_app(keys=(("ties", "key of ties"),)), headers=TIES) as client:
        for limit in (200, 77):
            found = [*chain.from_iterable(await pages(client, limit=limit))]
            assert found == [real["session_id"], *sorted(session_ids, reverse=True)]


TIES = {"Authorization": "Bearer key of ties"}


async def test_a_change_moves_a_session_to_the_front(lists: Http) -> None:
    oldest = (await items(lists, limit=200))[-1]["session_id"]
    changed = await change(lists, oldest, title="new again")
    await read(lists, oldest, after=changed["cursor"])
    assert (await items(lists, limit=1))[0]["session_id"] == oldest


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"limit": "-1"}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"limit": "9" * 5000}, "query.limit"),
        ({"status": "open"}, "status"),
        ({"status": "active,"}, "status"),
        ({"status": ""}, "status"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "1_"}, "cursor"),
        ({"cursor": "nan_abc"}, "cursor"),
        ({"cursor": "1e5_abc"}, "cursor"),
        ({"cursor": "c" * 201}, "query.cursor"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(lists: Http, query: dict[str, str], field: str) -> None:
    refusal(await lists.get("/v1/sessions", params=query), 422, "invalid_request", field)


@pytest.mark.parametrize("limit", ["1", "200"])
async def test_the_bounds_of_a_page_are_allowed(lists: Http, limit: str) -> None:
    answer(await lists.get("/v1/sessions", params={"limit": limit}))
