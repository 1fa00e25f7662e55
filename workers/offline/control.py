"""Owns the control paths of tests: script and ledger. Must not answer anybody but this machine."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workers.offline.model import OfflineModel
from workers.offline.script import Behaviour

_FORBIDDEN = 403
_UNPROCESSABLE = 422
_BEHAVIOURS = TypeAdapter(Behaviour | list[Behaviour])

Serve = Callable[[OfflineModel, Request], Awaitable[Response]]


def control_routes(model: OfflineModel) -> list[Route]:
    """Return every control path."""
    table: list[tuple[str, str, Serve]] = [
        ("POST", "/_script", _add_behaviours),
        ("GET", "/_script", _list_behaviours),
        ("DELETE", "/_script", _clear_script),
        ("GET", "/_requests", _list_requests),
        ("DELETE", "/_requests", _reset_ledger),
        ("GET", "/_stats", _counts),
    ]
    return [Route(path, _local(serve, model), methods=[method]) for method, path, serve in table]


def _local(serve: Serve, model: OfflineModel) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not _is_local(request):
            return JSONResponse({"error": "control is for this machine only"}, status_code=_FORBIDDEN)
        return await serve(model, request)

    return endpoint


def _is_local(request: Request) -> bool:
    # The host name too: a page that rebinds its own name to 127.0.0.1 comes from here as well.
    peer = request.client.host if request.client else None
    named = request.url.hostname
    return _is_loopback(peer) and (named == "localhost" or _is_loopback(named))


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


async def _add_behaviours(model: OfflineModel, request: Request) -> Response:
    try:
        parsed = _BEHAVIOURS.validate_json(await request.body())
    except ValidationError as error:
        details: list[Any] = error.errors(include_url=False, include_context=False, include_input=False)
        return JSONResponse({"error": details}, status_code=_UNPROCESSABLE)
    for behaviour in parsed if isinstance(parsed, list) else [parsed]:
        model.script.add(behaviour)
    return _waiting(model)


async def _list_behaviours(model: OfflineModel, _request: Request) -> Response:
    return _waiting(model)


async def _clear_script(model: OfflineModel, _request: Request) -> Response:
    model.script.clear()
    return _waiting(model)


async def _list_requests(model: OfflineModel, _request: Request) -> Response:
    return JSONResponse({"requests": model.ledger.requests()})


async def _reset_ledger(model: OfflineModel, _request: Request) -> Response:
    model.ledger.reset()
    return JSONResponse(model.ledger.counts())


async def _counts(model: OfflineModel, _request: Request) -> Response:
    return JSONResponse(model.ledger.counts())


def _waiting(model: OfflineModel) -> Response:
    return JSONResponse({"waiting": model.script.waiting()})
