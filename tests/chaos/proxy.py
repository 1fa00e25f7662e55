"""A line between a process and a server that can be cut, blocked and slowed down.

Owns the sockets. Must not understand what passes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

CHUNK: Final = 65_536
DIAL_SECONDS: Final = 0.05


class Link:
    """One listening port of this machine, whose connections lead to `target_port`."""

    def __init__(self, target_port: int) -> None:
        self.delay = 0.0
        """Seconds that each piece waits."""
        self._target_port = target_port
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    @property
    def port(self) -> int:
        """Where the process connects to."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)

    def cut(self) -> None:
        """Break all connections, without a word."""
        for writers in self._connections.values():
            for writer in writers:
                writer.transport.abort()

    def block(self) -> None:
        """Accept everything, forward nothing."""
        self._open.clear()

    def pass_on(self) -> None:
        """Forward again; what was sent in the meantime arrives now."""
        self.delay = 0.0
        self._open.set()

    async def close(self) -> None:
        """End everything."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = [writer]
        try:
            with suppress(OSError):
                await self._carry(reader, writer, self._connections[task])
        except asyncio.CancelledError:
            # `close` ends us, and a server of asyncio logs those that end so.
            pass
        finally:
            for end in self._connections.pop(task):
                end.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ends: list[asyncio.StreamWriter]
    ) -> None:
        await self._open.wait()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        ends.append(far_writer)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(reader, far_writer))
            both.create_task(self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()


@asynccontextmanager
async def running_links(targets: Mapping[str, int]) -> AsyncIterator[dict[str, Link]]:
    """A link for each name, to the port that is given for it."""
    links = {name: Link(port) for name, port in targets.items()}
    async with AsyncExitStack() as stack:
        for one in links.values():
            await one.listen()
            stack.push_async_callback(one.close)
        yield links


def pass_all(links: Iterable[Link]) -> None:
    """Forward everything everywhere."""
    for one in links:
        one.pass_on()
