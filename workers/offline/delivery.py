"""Owns how events and bodies reach one connection, with the faults that were scripted for it.

Must not touch the response: what breaks here breaks for this reader only.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from workers.offline.errors import ConnectionCut
from workers.offline.event_log import EventLog
from workers.offline.events import broken, compact
from workers.offline.script import Behaviour

_BATCH = 256
"""Events in one write, so that a slow reader holds little memory."""
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """A response's events from a position on, until the terminal one."""

    def __init__(
        self,
        log: EventLog,
        behaviour: Behaviour,
        *,
        start: int = 0,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        events = _deliver(log, behaviour, start)
        super().__init__(events, media_type="text/event-stream", headers=_HEADERS)
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; whatever ends the sending, `on_end` is told."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()


def json_body(body: dict[str, Any], behaviour: Behaviour) -> Response:
    """Return a whole body, or one that arrives broken when the behaviour says so."""
    if behaviour.breaks_after is not None:
        return _CutBody(body)
    if behaviour.malformed_after is not None:
        return Response(compact(body)[:-1], media_type="application/json")
    return Response(compact(body), media_type="application/json")


class _CutBody(JSONResponse):
    """A body whose connection breaks in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionCut


async def _deliver(log: EventLog, behaviour: Behaviour, start: int) -> AsyncIterator[bytes]:
    events, position = log.events, start
    while (breaks_at := _place(log, start, behaviour.breaks_after)) != position:
        if position < len(events):
            end = min(len(events), position + _BATCH, breaks_at or len(events))
            yield _joined(events, position, end, _place(log, start, behaviour.malformed_after))
            position = end
        elif log.closed:
            break
        else:
            await log.wait_past(position)
    if log.torn or (position == breaks_at and behaviour.cut_after is not None):
        raise ConnectionCut


def _place(log: EventLog, start: int, deltas: int | None) -> int | None:
    return None if deltas is None else log.position_after(start, deltas)


def _joined(events: list[bytes], start: int, end: int, malformed_at: int | None) -> bytes:
    batch = events[start:end]
    if malformed_at is not None and start <= malformed_at < end:
        batch[malformed_at - start] = broken(batch[malformed_at - start])
    return b"".join(batch)
