import asyncio
import json
import struct
from typing import Any

import pytest

from tests.api.asking import (
    Http,
    Json,
    act,
    answered,
    close,
    kinds,
    logged,
    read,
    running,
    start,
    transcript,
)
from tests.api.conftest import MakeApp, Serve
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import turn_over
from tests.ws_viewer import handshake, talking, watch_socket

LIMIT = 256 * 1024


async def spoken(http: Http, system: System, tokens: int = 100, per_second: int = 300) -> str:
    """A session whose answer of many deltas begins."""
    await system.script(contains="go on", tokens=tokens, tokens_per_second=per_second)
    session_id: str = (await start(http, message={"content": "go on"}))["session_id"]
    return session_id


async def whole(http: Http, session_id: str, after: str | None = None) -> tuple[list[Json], int]:
    """Everything of a socket that ends by itself, and how it was closed."""
    async with asyncio.timeout(10), talking(http, session_id, after=after) as talk:
        found = [json.loads(text) async for text in talk.wire]
        return found, await talk.closed()


def words(count: int) -> str:
    return "".join(f"w{number} " for number in range(count))


async def test_a_socket_is_the_stream_and_ends_with_its_session(http: Http, system: System) -> None:
    session_id = await spoken(http, system)
    await answered(http, session_id)
    await close(http, session_id)
    everything = await logged(http, session_id)
    assert await whole(http, session_id) == (everything, 1000)
    middle = everything[len(everything) // 2]["cursor"]
    rest, _ = await whole(http, session_id, after=middle)
    assert rest == everything[len(everything) // 2 + 1 :]
    assert await whole(http, session_id, after=everything[-1]["cursor"]) == ([], 1000)
    assert await whole(http, session_id, after="now") == ([], 1000)


async def test_a_live_socket_marks_replay_and_is_closed_behind_the_end(http: Http, system: System) -> None:
    session_id = await spoken(http, system)
    await answered(http, session_id)
    async with asyncio.timeout(10), talking(http, session_id) as talk:
        found = [await talk.event()]
        while found[-1]["type"] != "turn.completed":
            found.append(await talk.event())
        assert all(event["replay"] is True for event in found)
        await act(http, session_id, "pause")
        while (event := await talk.event())["type"] != "session.paused":
            assert event["type"] == "session.status_changed"
        assert "replay" not in event
        await http.delete(f"/v1/sessions/{session_id}")
        while event["type"] != "session.ended":
            event = await talk.event()
        assert await talk.closed() == 1000


@pytest.mark.parametrize("taken", [1, 4])
async def test_a_running_answer_reconnected_at_every_point_is_one_copy(
    http: Http, system: System, taken: int
) -> None:
    session_id = await spoken(http, system, per_second=100)
    held, connections = Reducer(), 0
    async with asyncio.timeout(30):
        while held.turns.get(1) != "completed":
            connections += 1
            async with talking(http, session_id, after=held.cursor) as talk:
                for _ in range(taken):
                    held.feed(await talk.event())
                    if held.turns.get(1) == "completed":
                        break
    assert held.messages["a-1.1"].text == words(100)
    assert connections >= 40 / taken


async def test_viewers_of_both_kinds_hold_the_same(http: Http, system: System) -> None:
    session_id = await spoken(http, system, tokens=150, per_second=100)
    early = [asyncio.create_task(watch_socket(http, session_id, turn_over(1))) for _ in range(5)]
    await running(http, session_id)
    late = await watch_socket(http, session_id, turn_over(1))
    held = [*await asyncio.gather(*early), late, await answered(http, session_id)]
    assert {one.messages["a-1.1"].text for one in held} == {words(150)}


async def test_who_asks_for_what_is_gone_gets_one_reset(http: Http) -> None:
    session_id = (await start(http, message={"content": "hello"}))["session_id"]
    await answered(http, session_id)
    async with asyncio.timeout(10), talking(http, session_id, after="5-5") as talk:
        event = await talk.event()
    assert event["type"] == "reset"
    assert [message["role"] for message in event["messages"]] == ["user", "assistant"]


async def test_messages_are_taken_once_and_answered(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    async with asyncio.timeout(20), talking(http, session_id) as talk:
        taken = await talk.ask("message", content="hello", message_id="one")
        assert set(taken) == {"type", "message_id", "cursor"}
        assert (taken["type"], taken["message_id"]) == ("message.taken", "one")
        assert (await read(http, session_id, after=taken["cursor"]))["message_count"] == 1
        again = await talk.ask("message", content="again", message_id="one")
        assert again["message_id"] == "one"
        await answered(http, session_id)
        other = await talk.ask("message", content="more", delivery="queue")
        assert other["message_id"].startswith("m-")
    await answered(http, session_id, 2)
    said = [message["content"] for message in await transcript(http, session_id) if message["role"] == "user"]
    assert said == ["hello", "more"]


async def test_messages_sent_at_once_and_hung_up_on_are_taken_in_order(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    async with talking(http, session_id) as talk:
        for number in range(20):
            await talk.send("message", content=f"number {number}", message_id=f"m{number}", delivery="queue")
    async with asyncio.timeout(20):
        while (await read(http, session_id))["message_count"] < 20:
            await asyncio.sleep(0.05)
    accepted = [event for event in await logged(http, session_id) if event["type"] == "message.accepted"]
    assert [event["message_id"] for event in accepted] == [f"m{number}" for number in range(20)]


async def test_a_stop_keeps_what_was_said(http: Http, system: System) -> None:
    session_id = await spoken(http, system, tokens=3000, per_second=100)
    await running(http, session_id)
    async with asyncio.timeout(10), talking(http, session_id) as talk:
        taken = await talk.ask("stop")
        assert set(taken) == {"type", "cursor"}
        assert taken["type"] == "stop.taken"
        while (await talk.event())["type"] != "turn.stopped":
            pass
        assert (await talk.ask("stop"))["type"] == "stop.taken"
    held = await answered(http, session_id)
    assert held.messages["a-1.1"].status == "stopped"


async def test_an_interrupt_stops_the_running_turn(http: Http, system: System) -> None:
    session_id = await spoken(http, system, tokens=3000, per_second=100)
    await running(http, session_id)
    async with asyncio.timeout(10), talking(http, session_id, after="now") as talk:
        await talk.send("message", content="wait", delivery="interrupt")
        found: list[Json] = []
        while not found or found[-1]["type"] != "turn.completed":
            found.append(await talk.event())
        assert [answer["type"] for answer in talk.answers] == ["message.taken"]
        ends = [event for event in found if event["type"] in {"turn.stopped", "turn.completed"}]
        assert [(event["type"], event["turn"]) for event in ends] == [
            ("turn.stopped", 1),
            ("turn.completed", 2),
        ]


REFUSED: list[tuple[Any, str, str | None]] = [
    ("", "invalid_request", None),
    ("{", "invalid_request", None),
    ("null", "invalid_request", None),
    ("[]", "invalid_request", None),
    ('{"type":"ping"} {}', "invalid_request", None),
    ('{"type":"message","content":"\\ud800"}', "invalid_request", None),
    ("[" * 10_000, "invalid_request", None),
    (b'{"type":"ping"}', "invalid_request", None),
    ({}, "invalid_request", "type"),
    ({"type": None}, "invalid_request", "type"),
    ({"type": ["ping"]}, "invalid_request", "type"),
    ({"type": "pause"}, "invalid_request", "type"),
    ({"type": "listening", "on": True}, "invalid_request", None),
    ({"type": "listening", "on": "yes"}, "invalid_request", "on"),
    ({"type": "barge_in", "turn": 1}, "invalid_request", None),
    ({"type": "barge_in", "turn": 0}, "invalid_request", "turn"),
    ({"type": "ping", "x": 1}, "invalid_request", "x"),
    ({"type": "stop", "turn": 1}, "invalid_request", "turn"),
    ({"type": "message"}, "invalid_request", "content"),
    ({"type": "message", "content": ""}, "invalid_request", "content"),
    ({"type": "message", "content": "x", "role": "system"}, "invalid_request", "role"),
    ({"type": "message", "content": "x", "message_id": "a-1.1"}, "invalid_request", "message_id"),
    ({"type": "message", "content": "x" * 32_769}, "invalid_request", "content"),
    ({"type": "message", "content": "x" * LIMIT}, "payload_too_large", None),
]


async def test_a_wrong_frame_is_answered_and_the_socket_lives_on(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    async with asyncio.timeout(20), talking(http, session_id) as talk:
        for frame, code, field in REFUSED:
            await talk.wire.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            problem = await talk.answer()
            assert (problem["type"], problem["code"]) == ("error", code), frame
            assert {"title", "status", "detail"} <= set(problem)
            if field is not None:
                assert [error["field"] for error in problem["errors"]] == [field]
            assert await talk.ask("ping") == {"type": "pong"}
        named = await talk.ask("message", content="", message_id="mine")
        assert named["message_id"] == "mine"
    assert (await read(http, session_id))["message_count"] == 0


async def test_voice_is_refused_in_words(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    async with asyncio.timeout(10), talking(http, session_id) as talk:
        problem = await talk.ask("listening", on=True)
    assert "profile has no voice" in problem["detail"]


async def test_a_frame_that_is_far_too_large_ends_the_socket(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    async with talking(http, session_id) as talk:
        await talk.wire.send("x" * (4 * LIMIT + 1))
        assert await talk.closed() == 1009


async def test_a_message_to_a_paused_session_waits_and_to_a_closed_one_is_refused(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    await act(http, session_id, "pause")
    async with asyncio.timeout(10), talking(http, session_id, after="now") as talk:
        assert (await talk.ask("message", content="wait"))["type"] == "message.taken"
        await http.delete(f"/v1/sessions/{session_id}")
        await talk.send("message", content="too late", message_id="late")
        frames = [json.loads(text) async for text in talk.wire]
    assert kinds(frames)[-1] in {"session.ended", "error"}
    assert "late" not in {message["message_id"] for message in await transcript(http, session_id)}


async def test_the_end_of_the_process_sends_everybody_on(http: Http, make_app: MakeApp, serve: Serve) -> None:
    session_id = (await start(http))["session_id"]
    app = make_app()
    async with serve(app) as served, talking(served, session_id) as talk:
        assert (await talk.event())["type"] == "session.started"
        app.state.context.hub.close()
        assert await talk.closed() == 1012


async def test_nothing_is_left_of_sockets_that_have_gone(http: Http, make_app: MakeApp, serve: Serve) -> None:
    session_id = (await start(http))["session_id"]
    app = make_app()
    hub = app.state.context.hub
    async with serve(app) as served, asyncio.timeout(20):
        for number in range(10):
            async with talking(served, session_id) as talk:
                assert (await talk.event())["type"] == "session.started"
                assert hub.viewers == 1
                if number % 2:
                    talk.wire.transport.abort()
            while hub.viewers:
                await asyncio.sleep(0.01)
    assert hub._feeds == hub._following == {}


async def test_the_server_asks_whether_the_client_lives(http: Http, system: System) -> None:
    """By pings of the protocol, which browsers answer by themselves."""
    session_id = (await start(http))["session_id"]
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(handshake(session_id, host))
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(20):
        while (opcode := await next_opcode(reader)) != 9:
            assert opcode == 1
    writer.close()


async def next_opcode(reader: asyncio.StreamReader) -> int:
    first, second = await reader.readexactly(2)
    length = second & 127
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    await reader.readexactly(length)
    return first & 15
