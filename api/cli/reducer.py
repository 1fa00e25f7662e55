"""What a client holds of a session: the rules of the contract, applied to one event after the other.

Exactly one copy of every message at every moment, also when events come twice. Pure. Reads are robust: an
unknown event or one that lacks a field changes nothing. Must not show anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

Event = Mapping[str, Any]
MISSING_TEXT: Final = "…"
"""Stands where a client that came late has not got a message's beginning."""
STREAMING: Final = "streaming"
ENDED: Final = "session.ended"


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the conversation; `end`: code points of it that are known, those missed included."""

    message_id: str
    role: Literal["user", "assistant"]
    text: str
    end: int
    turn: int | None
    status: str

    @property
    def is_final(self) -> bool:
        """Whether its text is whole; only what was really heard of it may still cut it."""
        return self.status != STREAMING


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that was taken and has not reached the model."""

    message_id: str
    text: str
    delivery: str


@dataclass(frozen=True, slots=True)
class Retry:
    """The provider failed; the turn goes on at `at`, `wait` after it was said."""

    attempt: int
    said_at: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The running turn."""

    number: int
    retry: Retry | None = None
    outdated: str | None = None
    """What its answer had said before it began anew, while the new one has said nothing else."""


@dataclass(frozen=True)
class Conversation:
    """A session as far as its events tell; both mappings in the order of their messages."""

    session: Mapping[str, Any] = field(default_factory=dict)
    messages: Mapping[str, Message] = field(default_factory=dict)
    waiting: Mapping[str, WaitingMessage] = field(default_factory=dict)
    turn: Turn | None = None
    end_reason: str | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing runs and nothing waits that could."""
        return self.turn is None and (not self.waiting or self.session.get("status") == "paused")

    def apply(self, event: Event) -> "Conversation":
        """The conversation after `event`."""
        rule = _RULES.get(event.get("type", ""))
        if rule is None:
            return self
        try:
            return rule(self, event)
        except (KeyError, TypeError, AttributeError):
            return self


def _delta(held: Conversation, event: Event) -> Conversation:
    message_id, offset, text = event["message_id"], event["offset"], event["text"]
    message = held.messages.get(message_id) or _begun(message_id, event["turn"])
    if message.is_final or offset + len(text) <= message.end:
        return held
    gap = MISSING_TEXT if offset > message.end else ""
    longer = replace(
        message,
        text=message.text + gap + text[max(message.end - offset, 0) :],
        end=offset + len(text),
    )
    turn = Turn(event["turn"], outdated=_still_outdated(held.turn, longer.text))
    return replace(_with_message(held, longer), turn=turn if held.turn != turn else held.turn)


def _still_outdated(turn: Turn | None, said: str) -> str | None:
    """What was said before, as long as `said` is only its beginning."""
    before = turn.outdated if turn else None
    return before if before and before.startswith(said) else None


def _begun(message_id: str, turn: int) -> Message:
    return Message(message_id, "assistant", "", 0, turn, STREAMING)


def _with_message(held: Conversation, message: Message) -> Conversation:
    return replace(held, messages={**held.messages, message.message_id: message})


def _superseded(held: Conversation, event: Event) -> Conversation:
    message_id, number = event["message_id"], event["turn"]
    turn = Turn(number, outdated=_longest_said(held, message_id))
    if message_id not in held.messages:
        return replace(held, turn=turn)
    return replace(_with_message(held, _begun(message_id, number)), turn=turn)


def _longest_said(held: Conversation, message_id: str) -> str:
    """What a person may have seen of the message, also of one that had already begun anew."""
    message = held.messages.get(message_id)
    said = message.text if message else ""
    return _still_outdated(held.turn, said) or said


def _completed(held: Conversation, event: Event) -> Conversation:
    text = event["text"]
    whole = Message(event["message_id"], "assistant", text, len(text), event["turn"], event["status"])
    turn = held.turn and replace(held.turn, outdated=None)
    return replace(_with_message(held, whole), turn=turn)


def _truncated(held: Conversation, event: Event) -> Conversation:
    message, text = held.messages[event["message_id"]], event["text"]
    return _with_message(held, replace(message, text=text, end=len(text)))


def _accepted(held: Conversation, event: Event) -> Conversation:
    message_id = event["message_id"]
    if message_id in held.messages:
        return held
    message = WaitingMessage(message_id, event["content"], event["delivery"])
    return replace(held, waiting={**held.waiting, message_id: message})


def _used(held: Conversation, message_id: str, turn: int) -> Conversation:
    """The message leaves the queue and is part of what was said."""
    waiting = held.waiting.get(message_id)
    if waiting is None:
        return held
    said = Message(message_id, "user", waiting.text, len(waiting.text), turn, "complete")
    return _with_message(_without(held, message_id), said)


def _without(held: Conversation, message_id: str) -> Conversation:
    return replace(held, waiting={key: value for key, value in held.waiting.items() if key != message_id})


def _refused(held: Conversation, event: Event) -> Conversation:
    return _without(held, event["message_id"])


def _injected(held: Conversation, event: Event) -> Conversation:
    return _used(held, event["message_id"], event["turn"])


def _turn_started(held: Conversation, event: Event) -> Conversation:
    for message_id in event["message_ids"]:
        held = _used(held, message_id, event["turn"])
    return replace(held, turn=Turn(event["turn"]))


def _turn_retrying(held: Conversation, event: Event) -> Conversation:
    retry = Retry(event["attempt"], event["at"], event["next_retry_at"], event["reason"])
    return replace(held, turn=Turn(event["turn"], retry, held.turn.outdated if held.turn else None))


def _turn_over(held: Conversation, event: Event) -> Conversation:
    over = held.turn is not None and held.turn.number <= event["turn"]
    return replace(held, turn=None) if over else held


def _session(held: Conversation, event: Event) -> Conversation:
    return replace(held, session=dict(event["session"]))


def _status(held: Conversation, event: Event) -> Conversation:
    return replace(held, session={**held.session, "status": event["new"]})


def _ended(held: Conversation, event: Event) -> Conversation:
    session = {**held.session, "status": "closed", "end_reason": event["reason"]}
    return replace(held, session=session, waiting={}, turn=None, end_reason=event["reason"])


def _reset(held: Conversation, event: Event) -> Conversation:
    session = dict(event["session"] or {})
    messages = {message.message_id: message for message in map(transcribed, event["messages"])}
    partial = event["partial"]
    if partial:
        messages[partial["message_id"]] = _partial(partial)
    running = session.get("turn")
    return Conversation(
        session=session,
        messages=messages,
        waiting=_queued(held, session.get("queue") or ()),
        turn=_running_on(held, running["number"], messages) if running else None,
        end_reason=session.get("end_reason"),
    )


def _running_on(held: Conversation, number: int, messages: Mapping[str, Message]) -> Turn:
    """The running turn, of whose answer less may be known now than was held."""
    for message_id, message in held.messages.items():
        now = messages.get(message_id) or _begun(message_id, number)
        if message.turn == number and not (message.is_final or now.is_final):
            before = _longest_said(held, message_id)
            is_shorter = before != now.text and before.startswith(now.text)
            return Turn(number, outdated=before if is_shorter else None)
    is_known = held.turn is not None and held.turn.number == number
    return Turn(number, outdated=held.turn.outdated if held.turn and is_known else None)


def transcribed(message: Mapping[str, Any]) -> Message:
    """A message of the transcript. Raises KeyError for what is none."""
    text = message["content"]
    return Message(
        message["message_id"], message["role"], text, len(text), message.get("turn"), message["status"]
    )


def _partial(partial: Mapping[str, Any]) -> Message:
    text = partial["text"]
    return replace(_begun(partial["message_id"], partial["turn"]), text=text, end=len(text))


def _queued(held: Conversation, queue: Any) -> dict[str, WaitingMessage]:
    """What waits; a snapshot shows only the beginning of a text that may be known whole."""
    return {
        item["message_id"]: held.waiting.get(item["message_id"])
        or WaitingMessage(item["message_id"], item["text"], item["delivery"])
        for item in queue
    }


_RULES: Final[Mapping[str, Callable[[Conversation, Event], Conversation]]] = {
    "session.started": _session,
    "session.updated": _session,
    "session.paused": _session,
    "session.resumed": _session,
    "session.status_changed": _status,
    ENDED: _ended,
    "message.accepted": _accepted,
    "message.rejected": _refused,
    "message.withdrawn": _refused,
    "message.injected": _injected,
    "message.delta": _delta,
    "message.completed": _completed,
    "message.truncated": _truncated,
    "turn.started": _turn_started,
    "turn.retrying": _turn_retrying,
    "turn.superseded": _superseded,
    "turn.completed": _turn_over,
    "turn.stopped": _turn_over,
    "turn.failed": _turn_over,
    "reset": _reset,
}
