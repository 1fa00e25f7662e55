"""A viewer over HTTP that trusts nothing: every event goes through the strict reducer.

Owns the connection and reconnects by `Last-Event-ID`; the rules are the reducer's.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import httpx2

from tests.reducer import Reducer


async def events(
    http: httpx2.AsyncClient, session_id: str, last_event_id: str | None = None, **query: str
) -> AsyncGenerator[dict[str, Any]]:
    """The events of one connection; each carries its `cursor`."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    url = f"/v1/sessions/{session_id}/events"
    async with http.stream("GET", url, headers=headers, params=query, timeout=None) as response:
        response.raise_for_status()
        rest = b""
        async for chunk in response.aiter_bytes():
            *frames, rest = (rest + chunk).split(b"\n\n")
            for frame in frames:
                if not frame.startswith(b":"):
                    yield _event(frame)


def _event(frame: bytes) -> dict[str, Any]:
    fields = dict(line.split(b": ", 1) for line in frame.split(b"\n"))
    assert set(fields) == {b"id", b"event", b"data"}, frame
    event: dict[str, Any] = json.loads(fields[b"data"])
    assert event["type"] == fields[b"event"].decode()
    return event | {"cursor": fields[b"id"].decode()}


async def watch(
    http: httpx2.AsyncClient,
    session_id: str,
    until: Callable[[Reducer, dict[str, Any]], bool],
    reducer: Reducer | None = None,
    seconds: float = 60,
) -> Reducer:
    """Follow a session, over as many connections as it takes, until `until` holds after an event."""
    held = reducer or Reducer()
    async with asyncio.timeout(seconds):
        while True:
            try:
                async with aclosing(events(http, session_id, held.cursor)) as stream:
                    async for event in stream:
                        held.feed(event)
                        if until(held, event):
                            return held
                if held.ended:
                    return held
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)


def turn_over(number: int) -> Callable[[Reducer, dict[str, Any]], bool]:
    """Until turn `number` has ended, however; a reset may be all that is heard of its end."""
    over = {"turn.completed", "turn.stopped", "turn.failed"}

    def is_over(held: Reducer, event: dict[str, Any]) -> bool:
        if event["type"] == "reset":
            has_begun = any(message.turn == number for message in held.messages.values())
            return has_begun and held.running_turn != number
        return event["type"] in over and bool(event["turn"] == number)

    return is_over


def ended(held: Reducer, _: dict[str, Any]) -> bool:
    """Until the session is over."""
    return held.ended is not None
