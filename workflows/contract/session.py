"""The session object that clients see, and the few words it is made of.

Owns names and shapes; must not hold rules (`workflows.state`).
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from workflows.contract.base import Elapsed, Timestamp, Value
from workflows.contract.phases import PhaseView
from workflows.contract.profile import Limits
from workflows.contract.voice import VoiceState

PREVIEW_LENGTH = 200


def workflow_id(session_id: str) -> str:
    """The id of the workflow that is this session."""
    return f"session-{session_id}"


def session_of(of_workflow: str) -> str:
    """The session that the workflow of this id is."""
    return of_workflow.removeprefix("session-")


class Status(StrEnum):
    """What a session is doing."""

    ACTIVE = "active"
    IDLE = "idle"
    PAUSED = "paused"
    CLOSED = "closed"


class EndReason(StrEnum):
    """Why a session is over."""

    COMPLETED = "completed"
    USER_ENDED = "user_ended"
    IDLE_TIMEOUT = "idle_timeout"
    MAX_DURATION = "max_duration"
    MAX_MESSAGES = "max_messages"
    SAFETY = "safety"
    ERROR = "error"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"


class StopReason(StrEnum):
    """Why a turn was stopped."""

    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    BARGED_IN = "barged_in"
    SESSION_ENDED = "session_ended"


class Delivery(StrEnum):
    """What a message does when a turn is running."""

    STEER = "steer"
    QUEUE = "queue"
    INTERRUPT = "interrupt"


class Usage(Value):
    """Tokens, as the provider counted them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
        )


class MessageSentences(Value):
    """How a message was told in sentences."""

    first: int
    """The index in the session of its first sentence."""
    ends: tuple[int, ...]
    """Where each of them ends in the message, in code points."""
    phase: str | None = None

    @property
    def behind(self) -> int:
        """The index behind its last sentence."""
        return self.first + len(self.ends)

    def within(self, length: int) -> "MessageSentences":
        """Of the message's first `length` code points; the last sentence may be cut."""
        whole = tuple(end for end in self.ends if end <= length)
        is_cut = length > (whole[-1] if whole else 0)
        return self.model_copy(update={"ends": (*whole, length) if is_cut else whole})

    def told_in(self, text: str) -> Iterator[tuple[int, str]]:
        """Index and text of each sentence of the message `text`."""
        begin = 0
        for index, end in enumerate(self.ends, self.first):
            yield index, text[begin:end].strip()
            begin = end


class TranscriptMessage(Value):
    """One message of the conversation, as it was used or said."""

    message_id: str
    role: Literal["user", "assistant"]
    agent: str
    content: str
    status: Literal["complete", "stopped", "failed"] = "complete"
    turn: int
    created_at: Timestamp
    sentences: Annotated[MessageSentences | None, Field(exclude_if=lambda told: told is None)] = None

    def truncated(self, text: str) -> "TranscriptMessage":
        """With only `text`, its beginning, left of it."""
        told = self.sentences and self.sentences.within(len(text))
        return self.model_copy(update={"content": text, "sentences": told})


class QueuedView(Value):
    """A message that still waits; `text` is its first 200 code points."""

    message_id: str
    delivery: Delivery
    agent: str
    text: str


class TurnView(Value):
    """The running turn."""

    number: int
    agent: str
    attempt: int
    started_at: Timestamp


class SessionView(Value):
    """The session object of the API, but for `cursor`, which only the store knows."""

    session_id: str
    session_key: str
    profile: str
    title: str | None
    user_id: str | None
    status: Status
    end_reason: EndReason | None = None
    phase: PhaseView | None = None
    voice_state: VoiceState | None = None
    limits: Limits
    message_count: int = 0
    queued: int = 0
    queue: tuple[QueuedView, ...] = ()
    turn: TurnView | None = None
    usage: Usage = Usage()
    created_at: Timestamp
    updated_at: Timestamp
    last_activity_at: Timestamp
    idle_at: Timestamp | None = None
    ends_at: Timestamp | None = None
    active_seconds: Elapsed
    metadata: dict[str, JsonValue]
    settings: dict[str, JsonValue]
    workflow_id: str

    def fields(self) -> dict[str, Any]:
        """The object as JSON values, a field each."""
        return self.model_dump(mode="json")


class Summary(Value):
    """What remains to be said of a session that is over; the workflow's result."""

    turns: int
    messages: int
    active_seconds: Elapsed
    usage: Usage
