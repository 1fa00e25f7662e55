import asyncio
from contextlib import aclosing
from typing import Any

import httpx2
import pytest

from tests.api.asking import (
    AS_JSON,
    Http,
    Json,
    act,
    answer,
    answered,
    change,
    close,
    kinds,
    logged,
    page,
    read,
    refusal,
    running,
    say,
    start,
)
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import ended, events, turn_over, watch

COMMON = {"type", "session_id", "at"}


async def spoken(http: Http, system: System, tokens: int = 150) -> str:
    """A session with one answer of many deltas, over."""
    session_id = await speaking(http, system, tokens=tokens, tokens_per_second=300)
    await answered(http, session_id)
    await settled(http, session_id)
    return session_id


@pytest.fixture(scope="module")
async def finished(http: Http, system: System) -> str:
    """A session that is over, with one answer of many deltas."""
    session_id = await spoken(http, system)
    await close(http, session_id)
    return session_id


async def speaking(http: Http, system: System, **behaviour: Any) -> str:
    """A session whose answer begins."""
    await system.script(contains="go on", **behaviour)
    session_id: str = (await start(http, message={"content": "go on"}))["session_id"]
    return session_id


async def settled(http: Http, session_id: str) -> None:
    """Wait until the session has nothing more to say."""
    async with asyncio.timeout(10):
        while (await read(http, session_id))["status"] != "idle":
            await asyncio.sleep(0.02)


async def first(http: Http, session_id: str, count: int, **query: str) -> list[Json]:
    """The first `count` events of a connection."""
    found: list[Json] = []
    async with asyncio.timeout(10), aclosing(events(http, session_id, **query)) as stream:
        async for event in stream:
            found.append(event)
            if len(found) == count:
                break
    return found


async def whole(http: Http, session_id: str, last_event_id: str | None = None, **query: str) -> list[Json]:
    """Everything of a connection that ends by itself."""
    async with asyncio.timeout(10):
        return [event async for event in events(http, session_id, last_event_id, **query)]


def without_replay(found: list[Json]) -> list[Json]:
    return [{name: value for name, value in event.items() if name != "replay"} for event in found]


async def test_a_stream_has_the_headers_and_frames_of_server_sent_events(http: Http) -> None:
    session_id = (await start(http, message={"content": "one\r\n\r\ntwo"}))["session_id"]
    await answered(http, session_id)
    await close(http, session_id)
    async with http.stream("GET", f"/v1/sessions/{session_id}/events") as response:
        body = await response.aread()
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    *frames, rest = body.split(b"\n\n")
    assert rest == b""
    assert b"\r" not in body
    for frame in frames:
        names = [line.partition(b": ")[0] for line in frame.split(b"\n")]
        assert names == [b"id", b"event", b"data"]


async def test_every_event_has_the_common_fields_and_its_own_place(http: Http, finished: str) -> None:
    session_id = finished
    found = await whole(http, session_id)
    assert all(set(event) >= COMMON for event in found)
    assert {event["session_id"] for event in found} == {session_id}
    assert len({event["cursor"] for event in found}) == len(found)
    assert kinds(found)[0] == "session.started"
    assert kinds(found)[-1] == "session.ended"
    assert set(found[-1]["summary"]) == {"turns", "messages", "active_seconds", "usage"}
    at = [event["at"] for event in found if event["type"] == "message.delta"]
    assert at == sorted(at)
    assert all(len(moment) == len("2026-11-20T12:00:00.000Z") and moment.endswith("Z") for moment in at)


async def test_a_stream_begins_where_it_is_asked_to(http: Http, system: System) -> None:
    session_id = await spoken(http, system, tokens=20)
    everything = await logged(http, session_id)
    middle, later = everything[3]["cursor"], everything[5]["cursor"]
    assert (await first(http, session_id, 1))[0]["cursor"] == everything[0]["cursor"]
    assert (await first(http, session_id, 1, after=middle))[0]["cursor"] == everything[4]["cursor"]
    assert (await first(http, session_id, 1, last_event_id=later, after=middle))[0]["cursor"] == (
        everything[6]["cursor"]
    )
    assert (await first(http, session_id, 1, last_event_id=later, after="now"))[0]["cursor"] == (
        everything[6]["cursor"]
    )
    assert (await first(http, session_id, 1, last_event_id="", after=middle))[0]["cursor"] == (
        everything[4]["cursor"]
    )


async def test_a_stream_from_now_on_shows_only_what_comes(http: Http, system: System) -> None:
    session_id = await spoken(http, system, tokens=20)
    watching = asyncio.create_task(first(http, session_id, 1, after="now"))
    await asyncio.sleep(0.3)
    assert not watching.done()
    await act(http, session_id, "pause")
    assert (kinds(await watching), (await watching)[0].get("replay")) == (["session.paused"], None)
    nothing = await page(http, session_id, after="now")
    assert nothing["events"] == []
    assert nothing["cursor"] == (await logged(http, session_id))[-1]["cursor"]


async def test_replay_marks_exactly_what_was_written_before(http: Http, system: System) -> None:
    session_id = await spoken(http, system, tokens=20)
    before = await logged(http, session_id)
    found: list[Json] = []
    async with asyncio.timeout(10), aclosing(events(http, session_id)) as stream:
        async for event in stream:
            found.append(event)
            if len(found) == len(before):
                await say(http, session_id, "more")
            if event["type"] == "turn.completed" and event["turn"] == 2:
                break
    assert [event.get("replay") for event in found[: len(before)]] == [True] * len(before)
    assert all("replay" not in event for event in found[len(before) :])
    assert all(event["replay"] is True for event in await logged(http, session_id))


async def test_who_comes_in_the_middle_of_an_answer_gets_a_replay_and_then_the_tail(
    http: Http, system: System
) -> None:
    session_id = await speaking(http, system, tokens=100, tokens_per_second=100)
    await running(http, session_id)
    known = len(await logged(http, session_id))
    found: list[Json] = []
    async with asyncio.timeout(10), aclosing(events(http, session_id)) as stream:
        async for event in stream:
            found.append(event)
            if event["type"] == "turn.completed":
                break
    marks = [event.get("replay", False) for event in found]
    assert marks == sorted(marks, reverse=True)
    assert known <= sum(marks) < len(found)


async def test_a_finished_answer_reconnected_at_every_point_is_one_copy(http: Http, finished: str) -> None:
    session_id = finished
    everything = await whole(http, session_id)
    assert len(everything) > 10
    for cut, event in enumerate(everything):
        rest = await whole(http, session_id, event["cursor"])
        assert without_replay(rest) == without_replay(everything[cut + 1 :])
    held = Reducer()
    for event in everything:
        held.feed(event)
    assert held.messages["a-1.1"].text == "".join(f"w{n} " for n in range(150))


@pytest.mark.parametrize("taken", [1, 4])
async def test_a_running_answer_reconnected_at_every_point_is_one_copy(
    http: Http, system: System, taken: int
) -> None:
    session_id = await speaking(http, system, tokens=100, tokens_per_second=100)
    held = Reducer()
    connections = 0
    async with asyncio.timeout(30):
        while held.turns.get(1) != "completed":
            connections += 1
            async with aclosing(events(http, session_id, held.cursor)) as stream:
                for _ in range(taken):
                    held.feed(await anext(stream))
                    if held.turns.get(1) == "completed":
                        break
    assert held.messages["a-1.1"].text == "".join(f"w{n} " for n in range(100))
    assert connections >= 40 / taken


async def test_a_connection_cut_in_the_middle_of_a_frame_loses_nothing(http: Http, finished: str) -> None:
    session_id = finished
    url = f"/v1/sessions/{session_id}/events"
    for size in (1, 100, 333, 1000, 2500):
        held = Reducer()
        while not held.ended:
            headers = {"Last-Event-ID": held.cursor} if held.cursor else {}
            body = (await http.get(url, headers=headers)).content
            # Only whole frames count; what is cut off comes again. A larger cut makes progress.
            whole_frames = body[: max(size, body.index(b"\n\n") + 2)].split(b"\n\n")[:-1]
            for frame in whole_frames:
                held.feed(parsed(frame))
        assert held.messages["a-1.1"].text == "".join(f"w{n} " for n in range(150))


def parsed(frame: bytes) -> Json:
    lines = dict(line.split(b": ", 1) for line in frame.split(b"\n"))
    event: Json = httpx2.Response(200, content=lines[b"data"]).json()
    return event | {"cursor": lines[b"id"].decode()}


async def test_twenty_viewers_and_those_who_come_late_hold_the_same(http: Http, system: System) -> None:
    session_id = await speaking(http, system, tokens=150, tokens_per_second=100)
    viewers = [asyncio.create_task(watch(http, session_id, turn_over(1))) for _ in range(20)]
    await running(http, session_id)
    viewers += [asyncio.create_task(watch(http, session_id, turn_over(1))) for _ in range(5)]
    held = await asyncio.gather(*viewers)
    late = await watch(http, session_id, turn_over(1))
    text = "".join(f"w{n} " for n in range(150))
    assert {one.messages["a-1.1"].text for one in (*held, late)} == {text}


async def test_pages_are_the_stream(http: Http, finished: str) -> None:
    session_id = finished
    everything = await whole(http, session_id)
    for limit in (1, 7, 200):
        paged: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            found = await page(http, session_id, limit=limit, **cursor)
            assert set(found) == {"events", "cursor"}
            assert len(found["events"]) <= limit
            if not found["events"]:
                break
            assert found["cursor"] == found["events"][-1]["cursor"]
            paged += found["events"]
            cursor = {"after": found["cursor"]}
        assert paged == everything
        assert found["cursor"] == everything[-1]["cursor"]
    default = await page(http, session_id)
    assert default["events"] == everything[:50]


async def test_a_page_is_given_only_to_who_asks_for_json(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    await close(http, session_id)
    url = f"/v1/sessions/{session_id}/events"
    for accept, kind in (
        ("*/*", "text/event-stream"),
        ("text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream", "text/event-stream"),
        ("application/json", "application/json"),
        ("application/json; q=0.9", "application/json"),
    ):
        response = await http.get(url, headers={"Accept": accept})
        assert response.headers["content-type"].partition(";")[0] == kind, accept


async def test_a_stream_ends_with_its_session_and_whenever_it_is_asked_for_again(
    http: Http, system: System
) -> None:
    session_id = await speaking(http, system, tokens=2000, tokens_per_second=100)
    watching = asyncio.create_task(whole(http, session_id))
    await running(http, session_id)
    await close(http, session_id)
    live = await watching
    assert kinds(live)[-1] == "session.ended"
    again = await whole(http, session_id)
    assert without_replay(again) == without_replay(live)
    assert await whole(http, session_id, again[-1]["cursor"]) == []
    assert await whole(http, session_id, after=again[-1]["cursor"]) == []
    assert await whole(http, session_id, after="now") == []
    assert kinds(await whole(http, session_id, again[-2]["cursor"])) == ["session.ended"]


async def test_events_behind_a_writes_cursor_hold_its_effect(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    await expect(http, session_id, "message.accepted", await say(http, session_id, "x"))
    await expect(http, session_id, "session.updated", await change(http, session_id, title="new"))
    await expect(http, session_id, "session.paused", await act(http, session_id, "pause"))
    await expect(http, session_id, "session.resumed", await act(http, session_id, "resume"))


async def expect(http: Http, session_id: str, kind: str, written: Json) -> None:
    async with asyncio.timeout(10), aclosing(events(http, session_id, after=written["cursor"])) as stream:
        async for event in stream:
            if event["type"] == kind:
                break


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "1",
        "-1",
        "1-",
        "-1-1",
        "1-1 ",
        "1-1\t",
        "NOW",
        "1-1~",
        "1-1~/",
        "٣-٣",
        f"{'9' * 40}-1",
        "0-0-0",
        "$",
    ],
)
async def test_what_is_no_cursor_is_refused(http: Http, cursor: str) -> None:
    url = f"/v1/sessions/{await any_session(http)}/events"
    refusal(await http.get(url, params={"after": cursor}), 422, "invalid_request", "after")
    if cursor.strip() == cursor:
        headers = {"Last-Event-ID": cursor.encode()}
        refusal(await http.get(url, headers=headers), 422, "invalid_request", "Last-Event-ID")  # type: ignore[arg-type]
    if cursor != "NOW":
        answered_by = f"/v1/sessions/{await any_session(http)}"
        refusal(await http.get(answered_by, params={"after": cursor}), 422, "invalid_request", "after")


async def test_an_empty_cursor_is_none(http: Http) -> None:
    url = f"/v1/sessions/{await any_session(http)}/events"
    refusal(await http.get(url, params={"after": ""}), 422, "invalid_request", "after")


@pytest.mark.parametrize("limit", ["0", "201", "x"])
async def test_a_page_of_events_has_bounds(http: Http, limit: str) -> None:
    url = f"/v1/sessions/{await any_session(http)}/events"
    refusal(
        await http.get(url, params={"limit": limit}, headers=AS_JSON), 422, "invalid_request", "query.limit"
    )


async def test_nobodys_events_are_not_found(http: Http) -> None:
    refusal(await http.get("/v1/sessions/nobody/events"), 404, "session_not_found")


_any: dict[str, str] = {}


async def any_session(http: Http) -> str:
    if "id" not in _any:
        _any["id"] = answer(await http.post("/v1/sessions"), 201)["session_id"]
    return _any["id"]


async def test_an_end_is_the_last_word_for_everybody(http: Http, system: System) -> None:
    session_id = await speaking(http, system, tokens=2000, tokens_per_second=100)
    viewers = [asyncio.create_task(watch(http, session_id, ended)) for _ in range(5)]
    await running(http, session_id)
    await asyncio.gather(*(say(http, session_id, f"m{n}", delivery="queue") for n in range(5)))
    await http.delete(f"/v1/sessions/{session_id}")
    for held in await asyncio.gather(*viewers):
        assert (held.ended, held.turns) == ("user_ended", {1: "stopped"})
        statuses = [held.messages[key].status for key in held.messages if key.startswith("m-")]
        assert statuses.count("rejected") == len(statuses) - 1
