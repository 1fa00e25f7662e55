"""The event stream against a server that breaks it off at every place, and in every other way."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from api.cli.client import Api
from api.cli.errors import RefusedError
from api.cli.event_stream import EventStream
from api.cli.settings import ClientSettings

EVENTS = [
    *({"type": "message.delta", "text": f"line\u2028{number}"} for number in range(4)),
    {"type": "session.ended", "reason": "completed"},
]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
NOT_FOUND = (
    b'HTTP/1.1 404 Not Found\r\nContent-Length: 28\r\nConnection: close\r\n\r\n{"detail": "No such thing."}'
)

Answer = Callable[[int, int], bytes | None]
"""From the number of the connection and of events that the client holds: what it gets, or nothing at all."""


def _frames(held: int) -> bytes:
    return b"".join(
        f"id: {place}\nevent: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for place, event in enumerate(EVENTS, 1)
        if place > held
    )


def _json(body: dict[str, Any]) -> bytes:
    text = json.dumps(body)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode()


@asynccontextmanager
async def _server(answer: Answer, status: str = "active") -> AsyncIterator[Api]:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        request = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "application/json" in request:
            writer.write(_json({"events": [], "cursor": "0"}))
        elif "/events" not in request:
            writer.write(_json({"status": status}))
        else:
            connections += 1
            held = int(request.partition("last-event-id: ")[2].partition("\r\n")[0] or 0)
            writer.write(answer(connections, held) or b"")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, Api(ClientSettings(f"http://{host}:{port}")) as api:
        yield api


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.backoff.FIRST_SECONDS", 0.001)


async def _all(api: Api, reports: list[bool] | None = None) -> list[dict[str, Any]]:
    stream = EventStream(api, "s", on_connection=(reports if reports is not None else []).append)
    async with asyncio.timeout(10):
        return [{key: event[key] for key in event if key != "cursor"} async for event in stream.live()]


async def test_every_event_once_wherever_the_stream_breaks() -> None:
    whole = HEAD + _frames(0)
    cut: int | None = None

    def broken_once(_: int, held: int) -> bytes:
        nonlocal cut
        length, cut = cut, None
        return HEAD + _frames(held) if length is None else whole[:length]

    async with _server(broken_once) as api:
        for place in range(0, len(whole) + 1, 5):
            cut = place
            assert await _all(api) == EVENTS, place


async def test_every_event_once_over_connections_of_one_event_each() -> None:
    def one(_: int, held: int) -> bytes:
        return HEAD + _frames(held)[: len(_frames(held)) - len(_frames(held + 1))]

    async with _server(one) as api:
        assert await _all(api) == EVENTS


async def test_a_break_is_reported_once_however_long_it_lasts() -> None:
    reports: list[bool] = []

    def away_for_a_while(number: int, held: int) -> bytes | None:
        if number == 1:
            return HEAD + _frames(0)[:-40]
        return {2: UNAVAILABLE, 3: None, 4: UNAVAILABLE}.get(number, HEAD + _frames(held))

    async with _server(away_for_a_while) as api:
        assert await _all(api, reports) == EVENTS
    assert reports == [False, True]


async def test_a_garbled_event_is_asked_for_again() -> None:
    garbled = HEAD + b"id: 1\nevent: x\ndata: {broken\n\n"
    async with _server(lambda n, held: garbled if n == 1 else HEAD + _frames(held)) as api:
        assert await _all(api) == EVENTS


async def test_a_refusal_ends_it() -> None:
    async with _server(lambda n, _: NOT_FOUND if n > 1 else None) as api:
        with pytest.raises(RefusedError, match="No such thing"):
            await _all(api)


async def test_behind_the_end_of_a_closed_session_nothing_comes() -> None:
    async with _server(lambda _n, _held: HEAD, status="closed") as api:
        assert await _all(api) == []


class FailsWhenClosed(httpx2.AsyncByteStream):
    """A connection that stands, says nothing, and breaks when it is given up."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async def aclose(self) -> None:
        raise httpx2.ReadError("the other end was faster")


async def test_who_leaves_leaves_though_the_connection_breaks_in_that() -> None:
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=FailsWhenClosed()))
    async with Api(ClientSettings(url="http://api")) as api:
        api._http = httpx2.AsyncClient(transport=answer, base_url="http://api")
        stream = EventStream(api, "s", "0", on_connection=lambda _: None)
        following = asyncio.create_task(anext(stream.live()))
        await asyncio.sleep(0.1)
        following.cancel()
        await asyncio.wait({following}, timeout=2)
        assert following.cancelled()
