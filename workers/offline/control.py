"""Owns the control paths of tests: script and ledger. Must not answer anybody but this machine."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workers.offline.accounts import Accounts
from workers.offline.locality import is_local, not_local

_UNPROCESSABLE = 422


class Scriptable(Protocol):
    """What happens to the next requests."""

    def add_json(self, raw: bytes) -> None:
        """Append one behaviour or a list of them; raises pydantic's ValidationError."""

    def clear(self) -> None:
        """Forget all behaviours that still wait."""

    def waiting(self) -> list[dict[str, Any]]:
        """Return what still waits."""


class Controlled(Protocol):
    """A provider that tests can script."""

    @property
    def script(self) -> Scriptable:
        """Its script."""

    @property
    def ledger(self) -> Accounts[Any, Any]:
        """Its ledger."""


Serve = Callable[[Controlled, Request], Awaitable[Response]]


def control_routes(provider: Controlled) -> list[Route]:
    """Return every control path."""
    table: list[tuple[str, str, Serve]] = [
        ("POST", "/_script", _add_behaviours),
        ("GET", "/_script", _list_behaviours),
        ("DELETE", "/_script", _clear_script),
        ("GET", "/_requests", _list_requests),
        ("DELETE", "/_requests", _reset_ledger),
        ("GET", "/_stats", _counts),
    ]
    return [Route(path, _local(serve, provider), methods=[method]) for method, path, serve in table]


def _local(serve: Serve, provider: Controlled) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await serve(provider, request) if is_local(request) else not_local()

    return endpoint


async def _add_behaviours(provider: Controlled, request: Request) -> Response:
    try:
        provider.script.add_json(await request.body())
    except ValidationError as error:
        details: list[Any] = error.errors(include_url=False, include_context=False, include_input=False)
        return JSONResponse({"error": details}, status_code=_UNPROCESSABLE)
    return _waiting(provider)


async def _list_behaviours(provider: Controlled, _request: Request) -> Response:
    return _waiting(provider)


async def _clear_script(provider: Controlled, _request: Request) -> Response:
    provider.script.clear()
    return _waiting(provider)


async def _list_requests(provider: Controlled, _request: Request) -> Response:
    return JSONResponse({"requests": provider.ledger.requests()})


async def _reset_ledger(provider: Controlled, _request: Request) -> Response:
    provider.ledger.reset()
    return JSONResponse(provider.ledger.counts())


async def _counts(provider: Controlled, _request: Request) -> Response:
    return JSONResponse(provider.ledger.counts())


def _waiting(provider: Controlled) -> Response:
    return JSONResponse({"waiting": provider.script.waiting()})
