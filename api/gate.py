"""What is refused before anybody looks at it: foreign hosts and origins, wrong credentials, large bodies.

Owns pure ASGI middlewares (a wrapping one would hide disconnects from streams). Must not know routes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from api.auth import Credentials, authorization_of
from api.errors import Problem
from workflows.contract.errors import ErrorCode

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_BODY: Final = 256 * 1024


class OriginGate:
    """Lets in who names this server by a name it has, and pages of this or an allowed origin."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...], hosts: tuple[str, ...]) -> None:
        self._app = app
        self._origins = frozenset(map(normal_origin, origins))
        self._hosts = LOOPBACK_NAMES | {_split(host)[0] or host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] in {"http", "websocket"}:
            problem = self._problem(Headers(scope=scope))
            if problem is not None:
                await _refuse(problem, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _problem(self, headers: Headers) -> Problem | None:
        host, port = _split(headers.get("host", ""))
        if host not in self._hosts:
            return Problem(
                ErrorCode.FORBIDDEN_HOST, "This server has no such name; add it to PERDURE_ALLOWED_HOSTS."
            )
        origin = headers.get("origin")
        if origin is None or self._is_allowed(origin.lower(), host, port):
            return None
        return Problem(
            ErrorCode.FORBIDDEN_ORIGIN, "Pages of this origin may not; add it to PERDURE_ALLOWED_ORIGINS."
        )

    def _is_allowed(self, origin: str, host: str, port: str) -> bool:
        if origin in self._origins:
            return True
        scheme, _, authority = origin.partition("://")
        origin_host, origin_port = _split(authority)
        default = {"http": "80", "https": "443"}.get(scheme)
        same_host = origin_host == host or {origin_host, host} <= LOOPBACK_NAMES
        return default is not None and same_host and (origin_port or default) == (port or default)


class CredentialGate:
    """Lets in who shows no credential or a right one; whether one is needed is the route's to say."""

    def __init__(self, app: ASGIApp, credentials: Credentials) -> None:
        self._app = app
        self._credentials = credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        shown = authorization_of(HTTPConnection(scope)) if scope["type"] in {"http", "websocket"} else None
        if shown is not None:
            try:
                self._credentials.principal(shown)
            except Problem as problem:
                await _refuse(problem, scope, receive, send)
                return
        await self._app(scope, receive, send)


@dataclass(frozen=True)
class LargerBody:
    """What takes larger bodies than the rest."""

    path: re.Pattern[str]
    limit: int
    """In bytes."""

    def allows(self, scope: Scope) -> bool:
        """Whether this request may be so large."""
        return scope["method"] == "POST" and self.path.fullmatch(scope["path"]) is not None


class BodyLimit:
    """Counts a body while it streams in, and stops reading at the limit."""

    def __init__(self, app: ASGIApp, larger: Sequence[LargerBody] = ()) -> None:
        self._app = app
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            await _refuse(_too_large(limit), scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)

    def _limit(self, scope: Scope) -> int:
        return next((larger.limit for larger in self._larger if larger.allows(scope)), MAX_BODY)


def _counting(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> Problem:
    return Problem(ErrorCode.PAYLOAD_TOO_LARGE, f"A body may have {limit} bytes; send less.")


def normal_origin(origin: str) -> str:
    """`origin` as browsers spell it."""
    return origin.rstrip("/").lower()


def _split(authority: str) -> tuple[str, str]:
    """Host name and port of `host:port`, of which either may be missing; empty where it is anything else."""
    try:
        parts = urlsplit(f"//{authority}")
        if parts.netloc != authority or "@" in authority:
            return "", ""
        return (parts.hostname or "").lower(), str(parts.port or "")
    except ValueError:
        return "", ""


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    await errors.response(problem)(scope, receive, send)
