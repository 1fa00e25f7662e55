"""Reading JSON strictly: UTF-8, no lone surrogates, no number that is none, bounded depth.

Owns what a body may be before anybody asks what it means; what is wrong is a 422, never a bug.
"""

from collections.abc import Callable, Coroutine
from json import JSONDecodeError
from math import isfinite
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from api.errors import Problem
from workflows.contract.errors import ErrorCode

MAX_DEPTH: Final = 64
"""Deeper than any request, and far from what a session that carries it in its state can be read back with."""


class _StrictRequest(Request):
    async def body(self) -> bytes:
        body = await super().body()
        if body and not _is_json(self.headers.get("content-type", "")):
            raise Problem(ErrorCode.INVALID_REQUEST, "Send JSON, with Content-Type: application/json.")
        return body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def read_json(body: bytes) -> Any:
    """The value that `body` spells. Raises JSONDecodeError."""
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise JSONDecodeError(str(error), "", 0) from error
    _check(value)
    return value


def _check(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        if not level:
            return
        if not all(isfinite(item) for item in level if isinstance(item, float)):
            raise JSONDecodeError("a number is too large", "", 0)
        level = [part for item in level for part in _parts(item)]
    if level:
        raise JSONDecodeError(f"deeper than {MAX_DEPTH} levels", "", 0)


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class StrictRoute(APIRoute):
    """A route whose bodies are read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's, over a strict request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly
