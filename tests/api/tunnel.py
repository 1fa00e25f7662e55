"""A way to a server that a test can close: connections are refused, or silent.

Owns the sockets; must not know what passes through.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

from tests.ports import free_port

CHUNK = 65_536


class Tunnel:
    """Forwards a port of its own to `target` (host:port) while it is open."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.partition(":")
        self._port = int(port)
        self._own_port = free_port()
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._own_port}"

    async def open(self) -> Self:
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._own_port)
        return self

    async def silence(self) -> None:
        """Keep connections, and let nothing through."""
        self._flowing.clear()

    async def close(self) -> None:
        """Refuse connections, and break those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._forward(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
        try:
            with suppress(ConnectionError):
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._pump(reader, there_writer))
                    ways.create_task(self._pump(there_reader, writer))
        finally:
            writer.close()
            there_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(CHUNK):
            await self._flowing.wait()
            writer.write(part)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def tunnel(target: str) -> AsyncIterator[Tunnel]:
    found = await Tunnel(target).open()
    try:
        yield found
    finally:
        await found.close()
