import asyncio
from typing import Any

import pytest

from tests.api.asking import (
    Http,
    Json,
    act,
    answer,
    answered,
    change,
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
from tests.viewer import watch

MESSAGE_FIELDS = {"message_id", "role", "agent", "content", "status", "turn", "created_at"}
LONG = {"contains": "long", "tokens": 2000, "tokens_per_second": 100}


async def paused(http: Http, **body: Any) -> str:
    """A session that keeps what it is sent."""
    session_id: str = (await start(http, **body))["session_id"]
    cursor = (await act(http, session_id, "pause"))["cursor"]
    await read(http, session_id, after=cursor)
    return session_id


async def test_a_message_is_taken_and_answered(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    taken = await say(http, session_id, "hello", message_id="one")
    assert set(taken) == {"message_id", "cursor"}
    assert taken["message_id"] == "one"
    shown = await read(http, session_id, after=taken["cursor"])
    assert shown["message_count"] == 1
    assert (await say(http, session_id, "hello again"))["message_id"].startswith("m-")
    await answered(http, session_id, 2)
    said = await transcript(http, session_id)
    assert all(set(message) == MESSAGE_FIELDS for message in said)
    assert [(m["role"], m["status"], m["turn"]) for m in said] == [
        ("user", "complete", 1),
        ("assistant", "complete", 1),
        ("user", "complete", 2),
        ("assistant", "complete", 2),
    ]
    assert said[1]["message_id"] == "a-1.1"


async def test_a_transcript_shows_a_message_behind_its_cursor(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    for number in range(3):
        taken = await say(http, session_id, f"number {number}", delivery="queue")
        shown = await read(http, session_id, after=taken["cursor"])
        used = await transcript(http, session_id, after=taken["cursor"])
        known = {m["message_id"] for m in used} | {m["message_id"] for m in shown["queue"]}
        assert taken["message_id"] in known


async def test_the_same_message_id_is_the_same_message(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    body = {"content": "first", "message_id": "twice:._-"}
    url = f"/v1/sessions/{session_id}/messages"
    responses = await asyncio.gather(*(http.post(url, json=body) for _ in range(10)))
    assert all(answer(response, 202)["message_id"] == "twice:._-" for response in responses)
    again = await say(http, session_id, "second", message_id="twice:._-")
    await read(http, session_id, after=again["cursor"])
    await answered(http, session_id)
    events = await logged(http, session_id)
    assert (kinds(events).count("message.accepted"), kinds(events).count("turn.started")) == (1, 1)
    assert (await transcript(http, session_id))[0]["content"] == "first"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": ""}, "content"),
        ({"content": "x" * 32_769}, "content"),
        ({"content": "😀" * 32_769}, "content"),
        ({"content": None}, "content"),
        ({"content": 5}, "content"),
        ({"content": ["x"]}, "content"),
        ({"content": "x", "message_id": "a-1.1"}, "message_id"),
        ({"content": "x", "message_id": "a-"}, "message_id"),
        ({"content": "x", "message_id": ""}, "message_id"),
        ({"content": "x", "message_id": "m" * 129}, "message_id"),
        ({"content": "x", "message_id": "m/1"}, "message_id"),
        ({"content": "x", "message_id": "m\n"}, "message_id"),
        ({"content": "x", "message_id": "ü"}, "message_id"),
        ({"content": "x", "agent": ""}, "agent"),
        ({"content": "x", "agent": "no body"}, "agent"),
        ({"content": "x", "delivery": "later"}, "delivery"),
        ({"content": "x", "settings": {"effort": "huge"}}, "settings.effort"),
        ({"content": "x", "settings": {"model": "gpt"}}, "settings.model"),
        ({"content": "x", "role": "system"}, "role"),
        ("x", "body"),
    ],
)
async def test_a_wrong_message_is_refused_and_says_nothing(http: Http, body: Any, field: str) -> None:
    session_id = await shared_session(http)
    response = await http.post(f"/v1/sessions/{session_id}/messages", json=body)
    refusal(response, 422, "invalid_request", field)
    assert (await read(http, session_id))["message_count"] == 0


_shared: dict[str, str] = {}


async def shared_session(http: Http) -> str:
    if "id" not in _shared:
        _shared["id"] = (await start(http))["session_id"]
    return _shared["id"]


@pytest.mark.parametrize("content", ["x", "x" * 32_768, "😀" * 32_768, "\x00" * 32_768])
async def test_a_message_may_have_any_size_up_to_the_limit(http: Http, content: str) -> None:
    session_id = await paused(http)
    taken = await say(http, session_id, content)
    shown = await read(http, session_id, after=taken["cursor"])
    assert [m["text"] for m in shown["queue"]] == [content[:200]]
    accepted = [e for e in await logged(http, session_id) if e["type"] == "message.accepted"]
    assert accepted[0]["content"] == content


async def test_every_effort_is_taken(http: Http) -> None:
    session_id = await paused(http)
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max"):
        taken = await say(http, session_id, settings={"effort": effort})
    assert (await read(http, session_id, after=taken["cursor"]))["queued"] == 7


async def test_a_message_id_may_have_128_characters(http: Http) -> None:
    taken = await say(http, await paused(http), message_id="A" * 128)
    assert taken["message_id"] == "A" * 128


async def test_an_agent_that_the_session_does_not_have_rejects_the_message(http: Http) -> None:
    session_id = (await start(http, profile="duo"))["session_id"]
    taken = await say(http, session_id, agent="nobody")
    shown = await read(http, session_id, after=taken["cursor"])
    assert (shown["message_count"], shown["queued"]) == (0, 0)
    rejected = (await logged(http, session_id))[-1]
    assert (rejected["type"], rejected["message_id"]) == ("message.rejected", taken["message_id"])
    assert rejected["reason"] == "invalid_request"


async def test_deliveries_wait_in_their_order(http: Http) -> None:
    session_id = await paused(http)
    for name, delivery in (("q1", "queue"), ("s1", "steer"), ("q2", "queue"), ("i1", "interrupt")):
        taken = await say(http, session_id, message_id=name, delivery=delivery)
    taken = await say(http, session_id, message_id="s2")
    shown = await read(http, session_id, after=taken["cursor"])
    queue = [(m["message_id"], m["delivery"], m["agent"], m["text"]) for m in shown["queue"]]
    assert queue == [
        ("i1", "interrupt", "assistant", "hello"),
        ("s1", "steer", "assistant", "hello"),
        ("s2", "steer", "assistant", "hello"),
        ("q1", "queue", "assistant", "hello"),
        ("q2", "queue", "assistant", "hello"),
    ]
    assert shown["queued"] == 5
    await act(http, session_id, "resume")
    await answered(http, session_id, 4)
    turns = [e["message_ids"] for e in await logged(http, session_id) if e["type"] == "turn.started"]
    assert turns == [["i1"], ["s1", "s2"], ["q1"], ["q2"]]


async def test_an_interrupt_stops_the_running_turn_and_is_answered_next(http: Http, system: System) -> None:
    await system.script(**LONG)
    session_id = (await start(http, message={"content": "long"}))["session_id"]
    await running(http, session_id)
    await say(http, session_id, "now", delivery="interrupt")
    held = await answered(http, session_id, 2)
    assert (held.messages["a-1.1"].status, held.messages["a-2.1"].status) == ("stopped", "complete")
    stopped = [e["reason"] for e in await logged(http, session_id) if e["type"] == "turn.stopped"]
    assert stopped == ["interrupted"]


@pytest.mark.parametrize(
    "body",
    [
        {"content": "long", "message_id": "first", "delivery": "interrupt"},
        {"content": "x", "agent": "nobody", "delivery": "interrupt"},
    ],
    ids=["sent again", "refused"],
)
async def test_an_interrupt_that_is_not_taken_stops_nothing(http: Http, system: System, body: Json) -> None:
    await system.script(**LONG | {"tokens": 60})
    session_id = (await start(http))["session_id"]
    await say(http, session_id, "long", message_id="first", delivery="interrupt")
    await running(http, session_id)
    answer(await http.post(f"/v1/sessions/{session_id}/messages", json=body), 202)
    held = await answered(http, session_id)
    assert (held.turns, held.messages["a-1.1"].status) == ({1: "completed"}, "complete")


async def test_a_waiting_message_is_withdrawn(http: Http) -> None:
    session_id = await paused(http)
    for name in ("one", "two"):
        await say(http, session_id, message_id=name)
    response = await http.delete(f"/v1/sessions/{session_id}/messages/one")
    taken = answer(response, 202)
    assert set(taken) == {"cursor"}
    shown = await read(http, session_id, after=taken["cursor"])
    assert [message["message_id"] for message in shown["queue"]] == ["two"]
    withdrawn = (await logged(http, session_id))[-1]
    assert (withdrawn["type"], withdrawn["message_id"]) == ("message.withdrawn", "one")
    await act(http, session_id, "resume")
    held = await answered(http, session_id)
    assert held.messages["one"].status == "withdrawn"
    assert [m["message_id"] for m in await transcript(http, session_id)] == ["two", "a-1.1"]


async def test_a_used_message_cannot_be_withdrawn(http: Http) -> None:
    session_id = (await start(http, message={"content": "hi", "message_id": "used"}))["session_id"]
    await answered(http, session_id)
    refusal(await http.delete(f"/v1/sessions/{session_id}/messages/used"), 409, "message_used")


@pytest.mark.parametrize("name", ["nothing", "a-1.1", "m" * 129, "%20", "😀", "*"])
async def test_what_never_waited_cannot_be_withdrawn(http: Http, name: str) -> None:
    url = f"/v1/sessions/{await shared_session(http)}/messages/{name}"
    refusal(await http.delete(url), 404, "message_not_found")


async def test_a_withdrawal_shows_behind_its_cursor_every_time(http: Http) -> None:
    session_id = await paused(http)
    for number in range(5):
        await say(http, session_id, message_id=f"w{number}")
        response = await http.delete(f"/v1/sessions/{session_id}/messages/w{number}")
        shown = await read(http, session_id, after=answer(response, 202)["cursor"])
        assert shown["queued"] == 0


async def test_a_change_shows_behind_its_cursor_every_time(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    for number in range(5):
        changed = await change(http, session_id, title=f"title {number}")
        shown = await read(http, session_id, after=changed["cursor"])
        assert shown["title"] == f"title {number}"


async def test_the_transcript_has_pages_in_both_directions(http: Http) -> None:
    session_id = (await start(http, profile="duo"))["session_id"]
    for number, agent in enumerate(("guide", "critic", "guide", "critic")):
        await say(http, session_id, f"number {number}", agent=agent, delivery="queue")
    await answered(http, session_id, 4)
    everything = [m["message_id"] for m in await transcript(http, session_id)]
    assert len(everything) == 8

    async def pages(**query: Any) -> list[list[str]]:
        found: list[list[str]] = []
        cursor: dict[str, str] = {}
        while True:
            response = await http.get(f"/v1/sessions/{session_id}/messages", params={**query, **cursor})
            page = answer(response)
            assert set(page) == {"items", "next_cursor"}
            found.append([m["message_id"] for m in page["items"]])
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    assert await pages(limit=3) == [everything[:3], everything[3:6], everything[6:]]
    assert await pages(limit=8) == [everything]
    backwards = everything[::-1]
    assert await pages(limit=3, order="desc") == [backwards[:3], backwards[3:6], backwards[6:]]
    critic = [m["message_id"] for m in await transcript(http, session_id, agent="critic")]
    assert (len(critic), critic[0]) == (4, everything[2])
    assert await pages(limit=3, agent="critic") == [critic[:3], critic[3:]]
    assert await pages(limit=3, agent="critic", order="desc") == [critic[:0:-1], critic[:1]]
    assert await pages(agent="nobody") == [[]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"order": "random"}, "query.order"),
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "-1"}, "cursor"),
        ({"cursor": "٣"}, "cursor"),
        ({"after": "x"}, "after"),
    ],
)
async def test_a_transcript_that_cannot_be_is_refused(http: Http, query: dict[str, str], field: str) -> None:
    url = f"/v1/sessions/{await shared_session(http)}/messages"
    refusal(await http.get(url, params=query), 422, "invalid_request", field)


async def test_a_transcript_behind_its_end_is_empty(http: Http) -> None:
    assert await transcript(http, await shared_session(http), cursor="9" * 200) == []


async def test_messages_beyond_the_last_are_rejected_before_the_end(http: Http, system: System) -> None:
    await system.script(**LONG | {"tokens": 30})
    body = {"limits": {"max_messages": 1}, "message": {"content": "long"}}
    session_id = (await start(http, **body))["session_id"]
    await running(http, session_id)
    late = await say(http, session_id, "one too many", message_id="late")
    held = await watch(http, session_id, lambda held, _: held.ended is not None)
    assert (held.ended, held.messages["late"].status) == ("max_messages", "rejected")
    assert held.messages["a-1.1"].status == "complete"
    rejected = [e for e in await logged(http, session_id) if e["type"] == "message.rejected"]
    assert [(e["message_id"], e["reason"]) for e in rejected] == [(late["message_id"], "max_messages")]
