import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from activities.store import keys
from tests.api.asking import (
    SESSION_FIELDS,
    Http,
    Json,
    answer,
    answered,
    close,
    read,
    refusal,
    start,
    transcript,
)
from tests.system import System

NO_LIMITS: Json = {"idle_timeout": None, "max_duration": None, "max_messages": None}
CHAT_LIMITS: Json = {"idle_timeout": 604800, "max_duration": None, "max_messages": None}


async def test_a_start_without_a_body_is_a_chat(http: Http) -> None:
    for response in (await http.post("/v1/sessions"), await http.post("/v1/sessions", json={})):
        session = answer(response, 201)
        assert set(session) == SESSION_FIELDS | {"session_token", "temporal_ui"}
        assert response.headers["location"] == f"/v1/sessions/{session['session_id']}"
        assert (session["profile"], session["status"], session["limits"]) == ("chat", "idle", CHAT_LIMITS)
        assert session["title"] is session["user_id"] is session["end_reason"] is session["turn"] is None
        assert (session["metadata"], session["settings"], session["queue"]) == ({}, {"effort": None}, [])
        assert session["workflow_id"] == f"session-{session['session_id']}"


async def test_a_start_takes_every_field(http: Http, system: System) -> None:
    limits = {"idle_timeout": 60, "max_duration": 90.5, "max_messages": 7}
    metadata = {"a": [1, 2.5, None, True, {"b": "ü\u2028\x00"}], "big": 2**70}
    session = await start(
        http,
        profile="duo",
        user_id="ada@example.org",
        title="Über 😀 \u202e",
        metadata=metadata,
        limits=limits,
        settings={"effort": "low"},
        message={"content": "hi", "message_id": "first", "agent": "critic", "delivery": "queue"},
    )
    assert session["temporal_ui"] == f"{system.ui_url}/namespaces/default/workflows/{session['workflow_id']}"
    shown = await read(http, session["session_id"], after=session["cursor"])
    assert set(shown) == SESSION_FIELDS
    expected = {"title": "Über 😀 \u202e", "user_id": "ada@example.org", "profile": "duo", "limits": limits}
    assert expected.items() <= shown.items()
    assert shown["metadata"] == metadata
    assert shown["settings"] == {"effort": "low"}
    assert shown["message_count"] == 1
    await answered(http, session["session_id"])
    said = await transcript(http, session["session_id"])
    assert [(m["message_id"], m["agent"]) for m in said] == [("first", "critic"), ("a-1.1", "critic")]


@pytest.mark.parametrize(
    ("profile", "limits", "expected"),
    [
        ("chat", {"idle_timeout": None}, NO_LIMITS),
        ("chat", {"max_messages": 1}, CHAT_LIMITS | {"max_messages": 1}),
        ("duo", {}, {"idle_timeout": 600, "max_duration": 3600, "max_messages": 100}),
        ("duo", {"max_duration": None, "max_messages": None}, CHAT_LIMITS | {"idle_timeout": 600}),
        ("chat", {"idle_timeout": 315360000, "max_messages": 1000000}, None),
    ],
)
async def test_limits_given_replace_the_profiles(
    http: Http, profile: str, limits: Json, expected: Json | None
) -> None:
    session = await start(http, profile=profile, limits=limits)
    assert session["limits"] == (expected or CHAT_LIMITS | limits)
    await close(http, session["session_id"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"profile": "nobody"}, "profile"),
        ({"profile": "../chat"}, "profile"),
        ({"profile": None}, "profile"),
        ({"nonsense": 1}, "nonsense"),
        ({"message": {"content": "x", "nonsense": 1}}, "message.nonsense"),
        ({"message": {"content": ""}}, "message.content"),
        ({"message": {"content": "x", "message_id": "a-1"}}, "message.message_id"),
        ({"message": {"content": "x", "agent": "nobody"}}, "message.agent"),
        ({"message": {"content": "x", "settings": {"effort": "huge"}}}, "message.settings.effort"),
        ({"title": ""}, "title"),
        ({"title": "t" * 201}, "title"),
        ({"title": 5}, "title"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "u" * 129}, "user_id"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": "x" * 16 * 1024}}, "body"),
        ({"limits": {"idle_timeout": 0}}, "limits.idle_timeout"),
        ({"limits": {"idle_timeout": -1}}, "limits.idle_timeout"),
        ({"limits": {"idle_timeout": True}}, "limits.idle_timeout"),
        ({"limits": {"idle_timeout": "60"}}, "limits.idle_timeout"),
        ({"limits": {"max_duration": 1e18}}, "limits.max_duration"),
        ({"limits": {"max_duration": 10**40}}, "limits.max_duration"),
        ({"limits": {"max_messages": 0}}, "limits.max_messages"),
        ({"limits": {"max_messages": -5}}, "limits.max_messages"),
        ({"limits": {"max_messages": 1.5}}, "limits.max_messages"),
        ({"limits": {"max_messages": 10**40}}, "limits.max_messages"),
        ({"limits": {"nonsense": 1}}, "limits.nonsense"),
        ({"settings": {"effort": "huge"}}, "settings.effort"),
        ({"settings": {"nonsense": 1}}, "settings.nonsense"),
        ({"profile": "fixed", "settings": {"effort": "low"}}, "settings"),
        (
            {"profile": "fixed", "message": {"content": "x", "settings": {"effort": "low"}}},
            "message.settings",
        ),
    ],
)
async def test_a_start_with_a_wrong_field_is_refused_and_starts_nothing(
    http: Http, body: Json, field: str
) -> None:
    newest = answer(await http.get("/v1/sessions", params={"limit": 1}))["items"]
    refusal(await http.post("/v1/sessions", json=body), 422, "invalid_request", field)
    assert answer(await http.get("/v1/sessions", params={"limit": 1}))["items"] == newest


async def test_the_same_idempotency_key_is_the_same_session(http: Http) -> None:
    body: Json = {"title": "once", "message": {"content": "hi"}}
    headers = {"Idempotency-Key": "same body"}
    first = answer(await http.post("/v1/sessions", json=body, headers=headers), 201)
    again = answer(await http.post("/v1/sessions", json=body, headers=headers), 200)
    assert again["session_id"] == first["session_id"]
    assert again["session_key"] == first["session_key"]
    assert again["session_token"] != first["session_token"]
    for session in (first, again):
        own = {"Authorization": f"Bearer {session['session_token']}"}
        answer(await http.get(f"/v1/sessions/{first['session_id']}", headers=own))
        shown = await read(http, first["session_id"], after=session["cursor"])
        assert shown["message_count"] == 1
    await answered(http, first["session_id"])
    assert len(await transcript(http, first["session_id"])) == 2


async def test_an_idempotency_key_with_another_body_is_refused(http: Http) -> None:
    headers = {"Idempotency-Key": "another body"}
    session = answer(await http.post("/v1/sessions", json={"title": "one"}, headers=headers), 201)
    other = await http.post("/v1/sessions", json={"title": "two"}, headers=headers)
    refusal(other, 409, "idempotency_conflict")
    assert (await read(http, session["session_id"]))["title"] == "one"
    await close(http, session["session_id"])
    again = answer(await http.post("/v1/sessions", json={"title": "one"}, headers=headers), 200)
    assert (again["session_id"], again["status"]) == (session["session_id"], "closed")


async def test_an_idempotency_key_sent_ten_times_at_once_starts_one_session(http: Http) -> None:
    async def post(_: int) -> Any:
        headers = {"Idempotency-Key": "ten at once"}
        return await http.post("/v1/sessions", json={"message": {"content": "hi"}}, headers=headers)

    responses = await asyncio.gather(*map(post, range(10)))
    assert sorted(r.status_code for r in responses) == [200] * 9 + [201]
    assert len({r.json()["session_id"] for r in responses}) == 1
    assert len({r.json()["session_key"] for r in responses}) == 1
    session_id = responses[0].json()["session_id"]
    await answered(http, session_id)
    assert len(await transcript(http, session_id)) == 2


async def test_a_repeated_start_tells_the_truth_though_the_store_does_not_know_the_session(
    http: Http, redis: "Redis"
) -> None:
    headers = {"Idempotency-Key": "store knows nothing"}
    first = answer(await http.post("/v1/sessions", json={"title": "kept"}, headers=headers), 201)
    await close(http, first["session_id"])
    await redis.delete(keys.session(first["session_id"]))
    again = answer(await http.post("/v1/sessions", json={"title": "kept"}, headers=headers), 200)
    assert (again["session_key"], again["status"]) == (first["session_key"], "closed")


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_an_impossible_idempotency_key_is_refused(http: Http, key: str) -> None:
    refusal(
        await http.post("/v1/sessions", json={}, headers={"Idempotency-Key": key}),
        422,
        "invalid_request",
        "header.Idempotency-Key",
    )


async def test_session_keys_are_never_given_twice(http: Http) -> None:
    sessions = await asyncio.gather(*(start(http) for _ in range(20)))
    found = [session["session_key"] for session in sessions]
    assert len(set(found)) == 20
    for session in sessions[:3]:
        assert (await read(http, session["session_key"]))["session_id"] == session["session_id"]
