"""A viewer over WebSocket that trusts nothing: every event goes through the strict reducer.

Owns the connection and reconnects by `?after=`; the rules are the reducer's.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from tests.reducer import Reducer

TAKEN = ("message", "stop", "listening", "playback", "barge_in")
ANSWERS = frozenset({"pong", "error", *(f"{asked}.taken" for asked in TAKEN)})
"""Frames that are no events."""


@dataclass
class Talk:
    """One connection; `answers` are those that came between the events that were read."""

    wire: ClientConnection
    answers: list[dict[str, Any]] = field(default_factory=list)

    async def frame(self) -> dict[str, Any]:
        text = await self.wire.recv(decode=True)
        assert isinstance(text, str)
        found: dict[str, Any] = json.loads(text)
        return found

    async def event(self) -> dict[str, Any]:
        """The next event."""
        while (frame := await self.frame())["type"] in ANSWERS:
            self.answers.append(frame)
        return frame

    async def answer(self) -> dict[str, Any]:
        """The next frame that is no event."""
        while (frame := await self.frame())["type"] not in ANSWERS:
            pass
        return frame

    async def send(self, kind: str, **fields: Any) -> None:
        await self.wire.send(json.dumps({"type": kind, **fields}))

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        await self.send(kind, **fields)
        return await self.answer()

    async def closed(self) -> int:
        """The code that the server closes with, whatever it says before."""
        async with asyncio.timeout(10):
            with suppress(ConnectionClosed):
                while True:
                    await self.wire.recv()
        assert self.wire.close_code is not None
        return self.wire.close_code


@asynccontextmanager
async def talking(
    http: httpx2.AsyncClient,
    session_id: str,
    headers: dict[str, str] | None = None,
    subprotocols: list[str] | None = None,
    **query: str | None,
) -> AsyncIterator[Talk]:
    """A socket of the API that `http` asks. Raises InvalidStatus when it is refused."""
    base = str(http.base_url).rstrip("/").replace("http", "ws", 1)
    offered = [Subprotocol(one) for one in subprotocols] if subprotocols else None
    asked = urlencode({name: value for name, value in query.items() if value})
    async with connect(
        f"{base}/v1/sessions/{session_id}/ws?{asked}",
        additional_headers=headers,
        subprotocols=offered,
        compression=None,
        max_size=None,
        close_timeout=1,
        proxy=None,
    ) as wire:
        yield Talk(wire)


async def watch_socket(
    http: httpx2.AsyncClient,
    session_id: str,
    until: Callable[[Reducer, dict[str, Any]], bool],
    reducer: Reducer | None = None,
    seconds: float = 60,
) -> Reducer:
    """Follow a session, over as many sockets as it takes, until `until` holds after an event."""
    held = reducer or Reducer()
    async with asyncio.timeout(seconds):
        while True:
            try:
                async with talking(http, session_id, after=held.cursor) as talk:
                    while True:
                        event = await talk.event()
                        held.feed(event)
                        if until(held, event):
                            return held
            except (ConnectionClosed, InvalidHandshake, OSError):
                if held.ended:
                    return held
                await asyncio.sleep(0.05)


def handshake(session_id: str, host: str) -> bytes:
    """The request for a socket, for a client that is none of the library's."""
    return (
        f"GET /v1/sessions/{session_id}/ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()
