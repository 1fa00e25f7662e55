"""HTTP as thin as it can be: who measures shares two cores with everything that is measured.

Owns the bytes of requests and answers; must not know what they say.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

CHUNK: Final = 65_536


class Connection:
    """One connection that is kept open."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer

    async def post(self, path: str, body: bytes) -> None:
        """Send JSON; returns with the answer, which has to be a 2xx."""
        headers = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
        self._write(f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\n{headers}\r\n\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, _, rest = head.partition(b"\r\n")
        answer = await self._reader.readexactly(_content_length(rest))
        assert status.split()[1].startswith(b"2"), answer

    async def chunks(self, path: str) -> AsyncGenerator[bytes]:
        """What an event stream sends, as it comes, with whatever frames it."""
        accept = "Accept: text/event-stream"
        self._write(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n{accept}\r\n\r\n".encode())
        while chunk := await self._reader.read(CHUNK):
            yield chunk

    def _write(self, request: bytes) -> None:
        self._writer.write(request)

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection to the server at `url`."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    connection = Connection(parts.netloc, reader, writer)
    try:
        yield connection
    finally:
        connection.close()


def _content_length(headers: bytes) -> int:
    for line in headers.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0
