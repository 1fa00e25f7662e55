"""A server of transcripts on this machine: real sockets, the shape of OpenAI's transcription endpoint.

Owns what it is told to do next, and what it was asked; must not know who asks.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

from pydantic_core import to_json


@dataclass(frozen=True)
class Reply:
    """One answer."""

    text: str = "It rains."
    status: int = 200
    body: bytes | None = None
    """None: the text, as the endpoint says it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds before the second half of the body."""
    cut: bool = False
    """The connection ends after the first half."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    fields: Mapping[str, str]
    file: bytes
    name: str
    media_type: str
    key: str


@dataclass
class TranscriptServer:
    """Answers with `replies`, then that it rains."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, _, rest = head.partition(b"\r\n")
        assert first.startswith(b"POST /v1/audio/transcriptions ")
        headers = message_from_bytes(rest)
        body = await reader.readexactly(int(headers["content-length"]))
        self.asked.append(_asked(headers, body))
        reply = self.replies.pop(0) if self.replies else Reply()
        answer = to_json({"text": reply.text}) if reply.body is None else reply.body
        writer.write(_head(reply, len(answer)) + answer[: len(answer) // 2])
        await writer.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(reply.pause):
                await self.closing.wait()
        if not reply.cut:
            writer.write(answer[len(answer) // 2 :])
            await writer.drain()


def _asked(headers: Message, body: bytes) -> Asked:
    form = message_from_bytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body)
    fields: dict[str, str] = {}
    for part in form.get_payload():
        assert isinstance(part, Message)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename() is None:
            fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
        else:
            file, name, media_type = content, str(part.get_filename()), part.get_content_type()
    return Asked(fields, file, name, media_type, headers["authorization"])


def _head(reply: Reply, length: int) -> bytes:
    fields = {
        "Content-Type": "application/json",
        "Connection": "close",
        "Content-Length": str(length),
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@asynccontextmanager
async def serving_transcripts() -> AsyncIterator[TranscriptServer]:
    transcripts = TranscriptServer()
    server = await asyncio.start_server(transcripts.serve, "127.0.0.1", 0)
    transcripts.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    yield transcripts
    transcripts.closing.set()
    server.close()
    await asyncio.sleep(0)
