"""The closed vocabulary of what can go wrong.

    refused by us       ErrorCode     problem+json, or `message.rejected`; the session lives
    failed elsewhere    FailureKind   `turn.retrying` or `turn.failed`; the session lives
      worth a retry       RETRYABLE
      not worth one       everything else
    lost on the way     StoreFault    never seen by a client: the workflow repairs it

Must not hold HTTP (`api.errors`) nor a provider's words (`activities.failures`).
"""

from enum import StrEnum
from typing import Final

from workflows.contract.base import Elapsed, Value


class ErrorCode(StrEnum):
    """Why a request or a message was refused."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN_ORIGIN = "forbidden_origin"
    FORBIDDEN_HOST = "forbidden_host"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    SESSION_NOT_FOUND = "session_not_found"
    MESSAGE_NOT_FOUND = "message_not_found"
    AUDIO_NOT_FOUND = "audio_not_found"
    AUDIO_GONE = "audio_gone"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    MESSAGE_USED = "message_used"
    SESSION_CLOSED = "session_closed"
    MAX_MESSAGES = "max_messages"
    QUEUE_FULL = "queue_full"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    RATE_LIMITED = "rate_limited"
    UPGRADE_REQUIRED = "upgrade_required"
    NOT_SETTLED = "not_settled"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    STORE_UNAVAILABLE = "store_unavailable"
    SHUTTING_DOWN = "shutting_down"
    INTERNAL_ERROR = "internal_error"

    UNSUPPORTED_AUDIO = "unsupported_audio"
    INVALID_AUDIO = "invalid_audio"
    TRANSCRIPTION_UNAVAILABLE = "transcription_unavailable"
    TRANSCRIPTION_FAILED = "transcription_failed"
    NOTHING_SAID = "nothing_said"
    WITHDRAWN = "withdrawn"


class FailureKind(StrEnum):
    """Why a model step failed."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    INCOMPLETE_STREAM = "incomplete_stream"
    MALFORMED_STREAM = "malformed_stream"
    AUTHENTICATION = "authentication"
    QUOTA = "quota"
    INVALID_REQUEST = "invalid_request"
    CONTEXT_LENGTH = "context_length"
    CONTENT_FILTER = "content_filter"
    INTERNAL = "internal"


RETRYABLE: Final = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.SERVER_ERROR,
        FailureKind.CONNECTION,
        FailureKind.TIMEOUT,
        FailureKind.INCOMPLETE_STREAM,
        FailureKind.MALFORMED_STREAM,
    }
)


class StepFailure(Value):
    """What a failed model step tells the workflow, as the detail of its `ApplicationError`."""

    kind: FailureKind
    message: str
    """A sentence for people; holds no provider's body and no credential."""
    retry_after: Elapsed | None = None
    shown: int = 0
    """Code points of the step's message that viewers hold."""

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in RETRYABLE


class StoreFault(StrEnum):
    """What an activity found wrong with the store; the type of its `ApplicationError`."""

    TRANSCRIPT_MISSING = "transcript_missing"
    EPOCH_LOST = "epoch_lost"
    AUDIO_LOST = "audio_lost"
    """The detail is the index of the first sentence that was announced, and has no audio."""


STEP_FAILED: Final = "step_failed"
"""Type of the `ApplicationError` that carries a `StepFailure`: shared by who raises and who catches."""
