"""A message is sent until it is taken, under one id, and those behind it wait."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.cli.client import Api
from api.cli.outbox import Letter, Outbox, new_letter
from api.cli.settings import ClientSettings


class _Server:
    """Answers one request a connection, in this order: a status, or a broken connection."""

    def __init__(self, *answers: int | None) -> None:
        self._answers: Iterator[int | None] = iter(answers)
        self.bodies: list[dict[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        self.bodies.append(json.loads(await reader.readexactly(length)))
        answer = next(self._answers, None)
        if answer is not None:
            body = b'{"detail": "No."}'
            start = f"HTTP/1.1 {answer} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(start.encode() + body)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def _api(server: _Server) -> AsyncIterator[Api]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    async with listener, Api(ClientSettings(f"http://{host}:{port}")) as api:
        yield api


async def _deliver(server: _Server, *letters: Letter) -> list[tuple[str, str]]:
    refused: list[tuple[str, str]] = []
    async with _api(server) as api:
        outbox = Outbox(api, "s", lambda letter, error: refused.append((letter.text, str(error))))
        for letter in letters:
            outbox.put(letter)
        delivering = asyncio.create_task(outbox.deliver())
        async with asyncio.timeout(10):
            while letters[-1].text not in [body["content"] for body in server.bodies]:
                await asyncio.sleep(0.01)
        delivering.cancel()
    return refused


async def test_the_same_id_until_it_is_taken_and_then_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.backoff.FIRST_SECONDS", 0.001)
    server, first, second = _Server(503, None, 500, 202, 202), new_letter("one"), new_letter("two")
    assert await _deliver(server, first, second) == []
    ids = [body["message_id"] for body in server.bodies]
    assert ids == [first.message_id] * 4 + [second.message_id]
    assert first.message_id != second.message_id


async def test_what_is_found_in_the_session_is_not_pending_any_more() -> None:
    async with _api(_Server()) as api:
        outbox, letter = Outbox(api, "s", lambda *_: None), new_letter("one")
        outbox.put(letter)
        outbox.found({"another": 1})
        assert list(outbox.pending) == [letter.message_id]
        outbox.found({letter.message_id: 1})
        assert not outbox.pending


async def test_a_refused_message_is_given_back_and_holds_nothing_up() -> None:
    refused = await _deliver(_Server(422, 202), new_letter("one"), new_letter("two"))
    assert refused == [("one", "No.")]
