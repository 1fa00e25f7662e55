import asyncio
from typing import Any

import pytest

from tests.api.asking import (
    SESSION_FIELDS,
    Http,
    Json,
    act,
    answer,
    answered,
    change,
    close,
    kinds,
    logged,
    read,
    refusal,
    running,
    say,
    start,
    transcript,
)
from tests.system import System

_kept: dict[str, str] = {}


async def kept(http: Http, title: str) -> str:
    """A session that several tests look at."""
    if title not in _kept:
        _kept[title] = (await start(http, title=title))["session_id"]
    return _kept[title]


LONG = {"contains": "long", "tokens": 2000, "tokens_per_second": 100}


async def test_a_session_is_read_by_id_and_by_key(http: Http) -> None:
    session = await start(http)
    by_id, by_key = [await read(http, session[name]) for name in ("session_id", "session_key")]
    assert set(by_id) == SESSION_FIELDS
    assert by_id["session_id"] == by_key["session_id"]
    answer(await http.post(f"/v1/sessions/{session['session_key']}/pause"), 202)
    answer(await http.get(f"/v1/sessions/{session['session_key']}/messages"))
    answer(
        await http.get(
            f"/v1/sessions/{session['session_key']}/events", headers={"Accept": "application/json"}
        )
    )


@pytest.mark.parametrize(
    "name", ["SESSION-99999", "nobody", "session-001", "SESSION-1", "0" * 24, "a b", "😀"]
)
async def test_nobodys_session_is_not_found(http: Http, name: str) -> None:
    refusal(await http.get(f"/v1/sessions/{name}"), 404, "session_not_found")


async def test_changes_are_the_session_as_it_is_now(http: Http) -> None:
    session = await start(http, title="old", metadata={"kept": 1, "changed": 1}, settings={"effort": "low"})
    changed = await change(
        http,
        session["session_id"],
        title="new",
        metadata={"changed": 2, "added": {"deep": None}},
        limits={"max_messages": 5},
        settings={"effort": "max"},
    )
    assert set(changed) == SESSION_FIELDS
    assert changed["title"] == "new"
    assert changed["metadata"] == {"kept": 1, "changed": 2, "added": {"deep": None}}
    assert changed["limits"] == {"idle_timeout": 604800, "max_duration": None, "max_messages": 5}
    assert changed["settings"] == {"effort": "max"}
    shown = await read(http, session["session_id"], after=changed["cursor"])
    assert {**shown, "cursor": "", "active_seconds": 0} == {**changed, "cursor": "", "active_seconds": 0}


async def test_what_a_change_leaves_out_stays_and_null_empties(http: Http) -> None:
    session = await start(http, title="old", limits={"max_messages": 5}, settings={"effort": "low"})
    session_id = session["session_id"]
    assert (await change(http, session_id))["title"] == "old"
    assert (await change(http, session_id, limits={"max_messages": None}))["title"] == "old"
    emptied = await change(http, session_id, title=None, settings={"effort": None})
    assert (emptied["title"], emptied["settings"]) == (None, {"effort": None})
    assert emptied["limits"] == {"idle_timeout": 604800, "max_duration": None, "max_messages": None}


async def test_changed_limits_set_the_clocks_anew(http: Http) -> None:
    session = await start(http)
    session_id = session["session_id"]
    changed = await change(http, session_id, limits={"idle_timeout": None, "max_duration": 3600})
    assert changed["idle_at"] is None
    assert changed["ends_at"][:4] == session["created_at"][:4]
    await change(http, session_id, limits={"max_duration": 0.2})
    async with asyncio.timeout(10):
        while (now := await read(http, session_id))["status"] != "closed":
            await asyncio.sleep(0.05)
    assert (now["end_reason"], now["ends_at"], now["idle_at"]) == ("max_duration", None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"status": "closed"}, "status"),
        ({"title": ""}, "title"),
        ({"title": "t" * 201}, "title"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"a": "x" * 16 * 1024}}, "body"),
        ({"limits": {"idle_timeout": -1}}, "limits.idle_timeout"),
        ({"limits": {"max_messages": 0}}, "limits.max_messages"),
        ({"settings": {"effort": "huge"}}, "settings.effort"),
        ({"settings": {"model": "gpt"}}, "settings.model"),
        ([], "body"),
    ],
)
async def test_a_wrong_change_is_refused_and_changes_nothing(http: Http, changes: Any, field: str) -> None:
    session_id = await kept(http, "as it was")
    refusal(await http.patch(f"/v1/sessions/{session_id}", json=changes), 422, "invalid_request", field)
    assert (await read(http, session_id))["title"] == "as it was"


async def test_what_a_profile_does_not_let_clients_set_is_refused(http: Http) -> None:
    session = await start(http, profile="fixed")
    url = f"/v1/sessions/{session['session_id']}"
    refusal(await http.patch(url, json={"settings": {"effort": "low"}}), 422, "invalid_request")


async def test_metadata_that_grows_too_large_by_merging_is_refused(http: Http) -> None:
    session = await start(http, metadata={"a": "x" * 10_000})
    url = f"/v1/sessions/{session['session_id']}"
    refusal(await http.patch(url, json={"metadata": {"b": "x" * 10_000}}), 422, "invalid_request")
    assert set((await read(http, session["session_id"]))["metadata"]) == {"a"}


async def test_a_paused_session_keeps_messages_until_it_is_resumed(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    for _ in range(2):
        cursor = (await act(http, session_id, "pause"))["cursor"]
        paused = await read(http, session_id, after=cursor)
        assert (paused["status"], paused["idle_at"]) == ("paused", None)
    cursor = (await say(http, session_id))["cursor"]
    waiting = await read(http, session_id, after=cursor)
    assert (waiting["status"], waiting["queued"], waiting["turn"]) == ("paused", 1, None)
    for _ in range(2):
        cursor = (await act(http, session_id, "resume"))["cursor"]
        await read(http, session_id, after=cursor)
    await answered(http, session_id)
    found = kinds(await logged(http, session_id))
    assert (found.count("session.paused"), found.count("session.resumed")) == (1, 1)


async def test_a_stop_keeps_what_was_shown(http: Http, system: System) -> None:
    await system.script(**LONG)
    session_id = (await start(http, message={"content": "long"}))["session_id"]
    shown = await running(http, session_id)
    for _ in range(2):
        cursor = (await act(http, session_id, "stop"))["cursor"]
    stopped = await read(http, session_id, after=cursor)
    assert stopped["status"] != "closed"
    held = await answered(http, session_id)
    message = held.messages["a-1.1"]
    assert message.status == "stopped"
    assert message.text.startswith(shown.messages["a-1.1"].text)
    assert [m["status"] for m in await transcript(http, session_id)] == ["complete", "stopped"]
    assert [m["content"] for m in await transcript(http, session_id)] == ["long", message.text]


async def test_a_stop_when_nothing_runs_is_fine_and_stops_nothing_later(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    cursor = (await act(http, session_id, "stop"))["cursor"]
    await read(http, session_id, after=cursor)
    await say(http, session_id)
    assert (await answered(http, session_id)).messages["a-1.1"].status == "complete"


async def test_closing_stops_the_running_turn_and_says_why(http: Http, system: System) -> None:
    await system.script(**LONG)
    session_id = (await start(http, message={"content": "long"}))["session_id"]
    await running(http, session_id)
    session = await close(http, session_id)
    assert (session["status"], session["end_reason"]) == ("closed", "user_ended")
    assert (session["turn"], session["idle_at"], session["ends_at"]) == (None, None, None)
    told = [kind for kind in kinds(await logged(http, session_id)) if kind != "session.status_changed"]
    assert told[-3:] == ["message.completed", "turn.stopped", "session.ended"]
    assert (await transcript(http, session_id))[-1]["status"] == "stopped"


async def test_a_closed_session_can_be_read_closed_and_stopped_again(http: Http) -> None:
    session_id = (await start(http, message={"content": "hi"}))["session_id"]
    await answered(http, session_id)
    await close(http, session_id)
    before = await logged(http, session_id)
    for _ in range(2):
        cursor = answer(await http.delete(f"/v1/sessions/{session_id}"), 202)["cursor"]
        assert (await read(http, session_id, after=cursor))["status"] == "closed"
        cursor = (await act(http, session_id, "stop"))["cursor"]
        assert (await read(http, session_id, after=cursor))["status"] == "closed"
    assert len(await transcript(http, session_id)) == 2
    assert await logged(http, session_id) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/messages", {"content": "too late"}),
        ("POST", "/messages", {"content": "too late", "delivery": "interrupt"}),
        ("POST", "/pause", None),
        ("POST", "/resume", None),
        ("PATCH", "", {"title": "too late"}),
        ("DELETE", "/messages/m-1", None),
    ],
)
async def test_a_closed_session_refuses_every_other_write(
    http: Http, method: str, path: str, body: Json | None
) -> None:
    session_id = await kept(http, "closed")
    session = await close(http, session_id)
    refusal(await http.request(method, f"/v1/sessions/{session_id}{path}", json=body), 409, "session_closed")
    assert await read(http, session_id) == session


async def test_a_write_to_a_closed_session_that_is_wrong_is_refused_too(http: Http) -> None:
    session_id = await kept(http, "closed")
    await close(http, session_id)
    response = await http.post(f"/v1/sessions/{session_id}/messages", json={"content": ""})
    refusal(response, 422, "invalid_request", "content")


async def test_many_changes_at_once_all_count(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    await asyncio.gather(*(change(http, session_id, metadata={f"k{n}": n}) for n in range(25)))
    assert (await read(http, session_id))["metadata"] == {f"k{n}": n for n in range(25)}


async def test_active_seconds_go_on_until_a_pause(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    first = (await read(http, session_id))["active_seconds"]
    await asyncio.sleep(0.2)
    assert (await read(http, session_id))["active_seconds"] >= first + 0.15
    await read(http, session_id, after=(await act(http, session_id, "pause"))["cursor"])
    stopped = (await read(http, session_id))["active_seconds"]
    await asyncio.sleep(0.2)
    assert (await read(http, session_id))["active_seconds"] == stopped
