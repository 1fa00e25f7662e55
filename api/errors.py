"""From what went wrong to problem+json, in one place.

Owns the status, title and way out of every error code (RFC 9457). Never shows a stack trace, a provider's
body or what the client sent.
"""

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activities.store.client import StoreUnavailableError
from workflows.contract.base import complaint
from workflows.contract.errors import ErrorCode

_log = logging.getLogger(__name__)

PROBLEM_JSON: Final = "application/problem+json"
TYPE_BASE: Final = "urn:perdure:problem:"
POLICY_VIOLATION: Final = 1008
"""RFC 6455, 7.4.1."""

STATUS: Final[Mapping[ErrorCode, HTTPStatus]] = {
    ErrorCode.INVALID_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.FORBIDDEN_ORIGIN: HTTPStatus.FORBIDDEN,
    ErrorCode.FORBIDDEN_HOST: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.SESSION_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.MESSAGE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.AUDIO_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.AUDIO_GONE: HTTPStatus.GONE,
    ErrorCode.RANGE_NOT_SATISFIABLE: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ErrorCode.MESSAGE_USED: HTTPStatus.CONFLICT,
    ErrorCode.SESSION_CLOSED: HTTPStatus.CONFLICT,
    ErrorCode.MAX_MESSAGES: HTTPStatus.CONFLICT,
    ErrorCode.QUEUE_FULL: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.IDEMPOTENCY_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.PAYLOAD_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.UPGRADE_REQUIRED: HTTPStatus.UPGRADE_REQUIRED,
    ErrorCode.NOT_SETTLED: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.ENGINE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.STORE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.SHUTTING_DOWN: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.UNSUPPORTED_AUDIO: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.INVALID_AUDIO: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TRANSCRIPTION_UNAVAILABLE: HTTPStatus.NOT_IMPLEMENTED,
    # Why a message was rejected; no request is answered so.
    ErrorCode.TRANSCRIPTION_FAILED: HTTPStatus.BAD_GATEWAY,
    ErrorCode.NOTHING_SAID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.WITHDRAWN: HTTPStatus.CONFLICT,
}

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_FIELDS: Final = 50
"""Wrong fields that are named; a client that has more of them has other worries."""
STORE_IS_AWAY: Final = "The store does not answer; nothing was lost. Send the same request again in a moment."

STORE_IS_REBUILT: Final = "The store was lost and is being rebuilt. Send the same request again in a moment."

PROCESS_ENDS: Final = "This process is ending. Send the same request again; another one will answer."


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    errors: list[FieldProblem] = []


class Problem(Exception):  # noqa: N818 - the RFC's word for it
    """A request that is refused."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = [] if field is None else [FieldProblem(field=field, message=detail)]
        self.headers = headers


def session_not_found() -> Problem:
    """As if there had never been one."""
    return Problem(ErrorCode.SESSION_NOT_FOUND, "There is no such session; list yours with GET /v1/sessions.")


def session_closed() -> Problem:
    """What the session could only do while it was open."""
    return Problem(ErrorCode.SESSION_CLOSED, "The session is over; start a new one.")


def store_rebuilding() -> Problem:
    """What needs something that the store has lost, and gets back."""
    return Problem(ErrorCode.STORE_UNAVAILABLE, STORE_IS_REBUILT)


def details(problem: Problem) -> ProblemDetails:
    """What the client is told."""
    return ProblemDetails(
        type=TYPE_BASE + problem.code.value.replace("_", "-"),
        title=problem.code.value.replace("_", " ").capitalize(),
        status=STATUS[problem.code],
        detail=problem.detail,
        code=problem.code,
        errors=problem.errors,
    )


def response(problem: Problem) -> Response:
    """The answer to a refused request."""
    return _Refusal(fields(problem), STATUS[problem.code], problem.headers, PROBLEM_JSON)


def fields(problem: Problem) -> dict[str, Any]:
    """What the client is told, as JSON values."""
    return details(problem).model_dump(mode="json", exclude_defaults=True)


class _Refusal(JSONResponse):
    """Also for a WebSocket that is not accepted; a server that cannot answer one closes it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        await super().__call__(scope, receive, send)


def invalid(error: ValidationError | RequestValidationError) -> Problem:
    """A request whose fields are wrong; says which and how, never what was in them."""
    problem = Problem(ErrorCode.INVALID_REQUEST, "Some fields are wrong; correct them and send it again.")
    problem.errors = [_field_problem(item) for item in error.errors()[:MAX_FIELDS]]
    return problem


def _field_problem(item: Mapping[str, Any]) -> FieldProblem:
    if item["type"] == "json_invalid":
        return FieldProblem(field="body", message=str(item["ctx"]["error"]))
    return FieldProblem(field=_path(item["loc"]), message=complaint(item))


def _path(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location if part != "body") or "body"


def register(app: FastAPI) -> None:
    """Make every error of `app` a problem."""

    async def on_problem(request: Request, error: Exception) -> Response:
        return response(_unrouted(request, error) or as_problem(error))

    for kind in (Problem, RequestValidationError, HTTPException, StoreUnavailableError):
        app.add_exception_handler(kind, on_problem)


def _unrouted(request: Request, error: Exception) -> Problem | None:
    """What the router says; of the methods of a path it knows only the first route's."""
    if not isinstance(error, HTTPException):
        return None
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Problem(ErrorCode.NOT_FOUND, "There is nothing here; GET /openapi.json says what there is.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_methods(request))
        detail = f"This takes {allowed or 'no such method'}."
        return Problem(ErrorCode.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})
    return None


def _methods(request: Request) -> list[str]:
    routes = request.app.routes
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def as_problem(error: Exception) -> Problem:
    """What the client is told of an error, whatever it is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error.__cause__, Problem):
        # FastAPI wraps whatever goes wrong while a body comes in.
        return error.__cause__
    if isinstance(error, RequestValidationError):
        return invalid(error)
    if isinstance(error, StoreUnavailableError):
        return Problem(ErrorCode.STORE_UNAVAILABLE, STORE_IS_AWAY)
    if isinstance(error, HTTPException):
        return Problem(ErrorCode.INVALID_REQUEST, str(error.detail), headers=error.headers)
    return Problem(ErrorCode.INTERNAL_ERROR, "Something went wrong here; the log says what.")


class UnexpectedErrors:
    """ASGI middleware: a bug answers 500 as a problem and goes to the log, an ending process 503."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def watching_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watching_send)
        except asyncio.CancelledError:
            # The server's last word to a request that takes longer than it can wait.
            if started or scope["type"] != "http":
                raise
            await response(Problem(ErrorCode.SHUTTING_DOWN, PROCESS_ENDS))(scope, receive, send)
        except Exception as error:
            _log.exception("unexpected error on %s", scope.get("path"))
            if started or scope["type"] != "http":
                raise
            await response(as_problem(error))(scope, receive, send)
