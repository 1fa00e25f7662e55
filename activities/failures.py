"""From a provider's error to what it means here: worth a retry or not, and since when.

The only place that knows the provider's errors; never by message text. Must not retry anything itself.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import openai
from httpx2 import Headers, HTTPError

from workflows.contract.errors import FailureKind, StepFailure

SERVER_ERRORS: Final = 500

_BY_STATUS: Final = {
    400: FailureKind.INVALID_REQUEST,
    401: FailureKind.AUTHENTICATION,
    403: FailureKind.AUTHENTICATION,
    404: FailureKind.INVALID_REQUEST,
    408: FailureKind.TIMEOUT,
    409: FailureKind.SERVER_ERROR,
    413: FailureKind.CONTEXT_LENGTH,
    422: FailureKind.INVALID_REQUEST,
    429: FailureKind.RATE_LIMITED,
    503: FailureKind.OVERLOADED,
    504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}
_BY_CODE: Final = {
    "context_length_exceeded": FailureKind.CONTEXT_LENGTH,
    "insufficient_quota": FailureKind.QUOTA,
    "rate_limit_exceeded": FailureKind.RATE_LIMITED,
    "server_error": FailureKind.SERVER_ERROR,
    "content_filter": FailureKind.CONTENT_FILTER,
}
_WORDS: Final = {
    FailureKind.RATE_LIMITED: "The model's provider limits the rate of calls.",
    FailureKind.OVERLOADED: "The model's provider is overloaded.",
    FailureKind.SERVER_ERROR: "The model's provider failed.",
    FailureKind.CONNECTION: "The model's provider could not be reached; check OPENAI_BASE_URL.",
    FailureKind.TIMEOUT: "The model's provider did not answer in time.",
    FailureKind.INCOMPLETE_STREAM: "The model's answer broke off.",
    FailureKind.MALFORMED_STREAM: "The model's answer could not be read.",
    FailureKind.AUTHENTICATION: "The model's provider refused the credentials; check OPENAI_API_KEY.",
    FailureKind.QUOTA: "The account at the model's provider has no quota left; add credit or change the key.",
    FailureKind.INVALID_REQUEST: (
        "The model's provider refused the call; check the profile's model and its mode."
    ),
    FailureKind.CONTEXT_LENGTH: "The conversation is too long for the model; start a new session.",
    FailureKind.CONTENT_FILTER: "The model's provider withheld the answer; say it in another way.",
    FailureKind.INTERNAL: "The step failed in a way it should not; see the worker's log.",
}


class ProviderError(Exception):
    """A model call failed, for a reason of ours."""

    def __init__(self, kind: FailureKind, retry_after: timedelta | None = None) -> None:
        super().__init__(_WORDS[kind])
        self.kind = kind
        self.retry_after = retry_after

    def failure(self, *, shown: int) -> StepFailure:
        """What the workflow is told; `shown` code points are with the viewers."""
        return StepFailure(
            kind=self.kind, message=_WORDS[self.kind], retry_after=self.retry_after, shown=shown
        )


class AnswerFailedError(ProviderError):
    """The answer itself failed: there is nothing left to resume."""


class ResponseGoneError(Exception):
    """The provider no longer has the response that a call refers to."""


def from_exception(error: Exception) -> ProviderError | ResponseGoneError | None:
    """What `error` of the provider's client means; None when it is not one."""
    if isinstance(error, openai.APIStatusError):
        return _from_status(error)
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return ProviderError(FailureKind.TIMEOUT)
    if isinstance(error, openai.APIConnectionError | HTTPError | OSError):
        return ProviderError(FailureKind.CONNECTION)
    if isinstance(error, ValueError):
        # A line of the stream that is not JSON.
        return ProviderError(FailureKind.MALFORMED_STREAM)
    return None


def from_code(code: str | None) -> AnswerFailedError:
    """What the `code` of a failed response means."""
    return AnswerFailedError(_BY_CODE.get(code or "", FailureKind.SERVER_ERROR))


def _from_status(error: openai.APIStatusError) -> ProviderError | ResponseGoneError:
    code = _code(error)
    if code == "previous_response_not_found":
        return ResponseGoneError()
    kind = _BY_CODE.get(code or "")
    if kind is None:
        fallback = (
            FailureKind.SERVER_ERROR if error.status_code >= SERVER_ERRORS else FailureKind.INVALID_REQUEST
        )
        kind = _BY_STATUS.get(error.status_code, fallback)
    return ProviderError(kind, retry_after(error.response.headers))


def _code(error: openai.APIStatusError) -> str | None:
    body: Any = error.body
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) else None


def retry_after(headers: Headers) -> timedelta | None:
    """RFC 9110 Retry-After, in seconds or as a date; None when absent or unreadable."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(timedelta(seconds=float(value)), timedelta())
    except (ValueError, OverflowError):
        return _until(value)


def _until(date: str) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(date)
        return max(moment - datetime.now(moment.tzinfo or UTC), timedelta())
    except (TypeError, ValueError):
        return None
