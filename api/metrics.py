"""What the API is asked and what it sends, counted.

Owns names and meaning of it, and the middleware that counts requests. Labels are routes' templates, methods,
statuses and error codes, never what a client made up. Must not know sessions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import METHODS, Problem

OTHER: Final = "other"
"""No route of ours, or no method of HTTP's."""
_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

Transport = Literal["sse", "websocket"]

VIEWERS: Final = Gauge("perdure_viewers", "Streams of sessions that are open now.", ["transport"])
EVENTS_SENT: Final = Counter("perdure_events_sent", "Events handed to viewers' streams.", ["transport"])
REQUESTS: Final = Counter(
    "perdure_http_requests",
    "Requests by route template, and how they were answered.",
    ["method", "route", "status"],
)
REQUEST_SECONDS: Final = Histogram(
    "perdure_http_request_seconds",
    "From a request's arrival to the first byte of its answer.",
    ["method", "route"],
    buckets=_SECONDS,
)
SIGNALS_REFUSED: Final = Counter(
    "perdure_signals_refused",
    "Commands for a session that it, or the engine, did not take, by the error code.",
    ["kind"],
)


@contextmanager
def viewing(transport: Transport) -> Iterator[None]:
    """Count a viewer as long as its stream is open."""
    with VIEWERS.labels(transport).track_inprogress():
        yield


def sent(transport: Transport, count: int) -> None:
    """A viewer was handed `count` events."""
    EVENTS_SENT.labels(transport).inc(count)


@contextmanager
def refusals_counted() -> Iterator[None]:
    """Count the problem that sending a command ends with, if it does."""
    try:
        yield
    except Problem as problem:
        SIGNALS_REFUSED.labels(problem.code).inc()
        raise


class RequestMetrics:
    """ASGI middleware: counts every HTTP request when its answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = monotonic()

        async def counting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                _answered(scope, message["status"], monotonic() - began)
            await send(message)

        await self._app(scope, receive, counting_send)


def _answered(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else OTHER
    route = _template(scope)
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)


def _template(scope: Scope) -> str:
    """The path of the route that took the request, its parameters by name."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else OTHER
