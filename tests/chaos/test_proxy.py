"""The line between a process and a server does what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic

import pytest

from tests.chaos.proxy import Link, running_links


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(1000):
            writer.write(piece)
            await writer.drain()
    writer.close()


@pytest.fixture
async def line() -> AsyncIterator[Link]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with running_links({"line": server.sockets[0].getsockname()[1]}) as links:
        yield links["line"]
    server.close()


async def _said(line: Link, text: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(text)
    return reader, writer


async def test_what_is_sent_arrives_and_so_does_the_answer(line: Link) -> None:
    reader, writer = await _said(line, b"hello")
    assert await reader.readexactly(5) == b"hello"
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()


async def test_a_cut_breaks_every_connection(line: Link) -> None:
    reader, writer = await _said(line, b"hello")
    await reader.readexactly(5)
    line.cut()
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    reader, writer = await _said(line, b"again")
    assert await reader.readexactly(5) == b"again"
    writer.close()


async def test_a_black_hole_keeps_what_is_sent_until_it_is_open_again(line: Link) -> None:
    reader, writer = await _said(line, b"before")
    await reader.readexactly(6)
    line.block()
    writer.write(b"late")
    late, other = await _said(line, b"new")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.read(1)
    line.pass_on()
    assert await reader.readexactly(4) == b"late"
    assert await late.readexactly(3) == b"new"
    writer.close()
    other.close()


async def test_a_slow_line_takes_its_time(line: Link) -> None:
    line.delay = 0.1
    began = monotonic()
    reader, writer = await _said(line, b"hello")
    assert await reader.readexactly(5) == b"hello"
    assert monotonic() - began >= 0.2
    writer.close()
