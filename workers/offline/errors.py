"""Owns the error bodies of the OpenAI API. Must not decide when something is an error."""

from typing import Any

from starlette.responses import JSONResponse

NOT_FOUND = 404
BAD_REQUEST = 400
RATE_LIMITED = 429
SERVER_ERROR = 500

_TYPES = {401: "authentication_error", 403: "permission_error", RATE_LIMITED: "rate_limit_error"}
_CODES = {401: "invalid_api_key", RATE_LIMITED: "rate_limit_exceeded"}


class Rejection(Exception):  # noqa: N818 - an answer to the client, not a fault of the server
    """A request that is answered with an error instead of a response."""

    def __init__(
        self,
        message: str,
        *,
        status: int = BAD_REQUEST,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """Return the error envelope, as the OpenAI API writes it."""
        error = {
            "message": str(self),
            "type": _type_of(self.status),
            "param": self.param,
            "code": self.code or _CODES.get(self.status),
        }
        return {"error": error}

    def response(self) -> JSONResponse:
        """Return the HTTP answer, with Retry-After in seconds where one is asked for."""
        headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
        return JSONResponse(self.body(), status_code=self.status, headers=headers)


class ConnectionCut(Exception):  # noqa: N818 - thrown at the server on purpose, so that it drops the socket
    """The connection must break here, in the middle of its answer."""


def response_not_found(response_id: str) -> Rejection:
    """Return the 404 of a response that is unknown, deleted, forgotten, or not stored."""
    return Rejection(f"Response with id '{response_id}' not found.", status=NOT_FOUND)


def previous_response_not_found(response_id: str) -> Rejection:
    """Return the 400 of a chain whose last response is not stored (any more)."""
    return Rejection(
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def _type_of(status: int) -> str:
    if status >= SERVER_ERROR:
        return "server_error"
    return _TYPES.get(status, "invalid_request_error")
