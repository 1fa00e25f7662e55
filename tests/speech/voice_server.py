"""A server of voices on this machine: real sockets, the shape of OpenAI's speech endpoint, real tones.

Owns what it is told to do next, and what it was asked; must not know who asks.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from tests.speech.tone import tone

MS_A_CHARACTER = 50


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes | None = None
    """None: a tone as long as the text."""
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds before the second half of the body."""
    cut: bool = False
    """The connection ends after the first half."""


@dataclass
class VoiceServer:
    """Answers with `replies`, then with tones."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            await self._answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert head.startswith("POST /v1/audio/speech ")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n"))
        }
        request = from_json(await reader.readexactly(int(headers["content-length"])))
        self.asked.append(request)
        self.keys.append(headers["authorization"])
        reply = self.replies.pop(0) if self.replies else Reply()
        body = tone(MS_A_CHARACTER * len(request["input"])) if reply.body is None else reply.body
        await _send(writer, _head(reply, len(body)), body, reply)


def _head(reply: Reply, length: int) -> bytes:
    fields = {
        "Content-Type": "audio/wav",
        "Connection": "close",
        "Content-Length": str(length),
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _send(writer: asyncio.StreamWriter, head: bytes, body: bytes, reply: Reply) -> None:
    half = len(body) // 2
    parts: Sequence[bytes] = (head + body[:half],) if reply.cut else (head + body[:half], body[half:])
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(reply.pause)


@asynccontextmanager
async def serving_voices() -> AsyncIterator[VoiceServer]:
    voices = VoiceServer()
    server = await asyncio.start_server(voices.serve, "127.0.0.1", 0)
    voices.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    yield voices
    server.close()
