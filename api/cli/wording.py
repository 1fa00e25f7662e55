"""What is said about events that are no text.

Owns the sentences. Must not decide where they are shown.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from api.cli.ink import Tone
from api.cli.moments import duration, local_time, seconds_between, utc_now
from api.cli.paper import PERSON_MARK, Notice
from api.cli.reducer import Conversation, Event, Retry, WaitingMessage
from api.cli.safe_text import one_line

PREVIEW: Final = 60
RECONNECTING: Final = "reconnecting…"
CONNECTED: Final = "connected again"
STARTING_ANEW: Final = "the answer starts anew"
HOW_TO_LEAVE: Final = "Ctrl-D leaves; the session stays open"
_REASONS: Final = {
    "user_ended": "it was closed",
    "idle_timeout": "nobody wrote for too long",
    "max_duration": "its time is over",
    "max_messages": "it has taken its last message",
    "safety": "for safety",
    "error": "an error",
    "cancelled": "it was cancelled",
    "terminated": "it was terminated",
    "completed": "it is complete",
    "session_closed": "the session is over",
}


def notice_of(event: Event, before: Conversation) -> Notice | None:
    """What to say about `event`, if anything; `before`: what was held when it came."""
    word = _WORDS.get(event.get("type", ""))
    try:
        return word(event, before) if word else None
    except (KeyError, TypeError, ValueError, AttributeError):
        # An event that lacks a field has nothing to say.
        return None


def spelled(word: str) -> str:
    """A word of the contract as people write it."""
    return _REASONS.get(word, word.replace("_", " "))


def retry_status(retry: Retry, elapsed: float) -> str:
    """A retry that is waited for, `elapsed` seconds after it was announced."""
    left = seconds_between(retry.said_at, retry.at) - elapsed
    when = f"in {duration(left)}" if left > 0 else "now"
    return f"retry {retry.attempt} {when}: {spelled(retry.reason)}"


def again_status(elapsed: float) -> str:
    """An answer that began anew `elapsed` seconds ago and has not come to anything new."""
    return f"answering again from the beginning… {duration(elapsed)}"


def waiting_text(message: WaitingMessage) -> str:
    """A message that has been taken and was not used yet."""
    return f"{PERSON_MARK}{one_line(message.text, PREVIEW)} (waits for its turn)"


def _retrying(event: Event, _: Conversation) -> Notice:
    wait = duration(seconds_between(event["at"], event["next_retry_at"]))
    when = local_time(event["next_retry_at"], utc_now())
    reason = spelled(event["reason"])
    return Notice(f"{reason}; retry {event['attempt']} in {wait}, at {when}", Tone.WARNING, passing=True)


def _superseded(event: Event, before: Conversation) -> Notice | None:
    held = before.messages.get(event["message_id"])
    return Notice(STARTING_ANEW, Tone.WARNING, passing=True) if held and held.text else None


def _stopped(event: Event, _: Conversation) -> Notice | None:
    return Notice("stopped") if event["reason"] == "stopped" else None


def _failed(event: Event, _: Conversation) -> Notice:
    return Notice(f"The answer failed: {one_line(event['error']['message'])}", Tone.TROUBLE)


def _accepted(event: Event, _: Conversation) -> Notice | None:
    if event["position"] == 0:
        return None
    text = one_line(event["content"], PREVIEW)
    return Notice(f"waits for its turn ({event['delivery']}): {text}", passing=True)


def _rejected(event: Event, before: Conversation) -> Notice:
    return Notice(f"Not taken, {spelled(event['reason'])}{_quoted(event, before)}", Tone.WARNING)


def _withdrawn(event: Event, before: Conversation) -> Notice:
    return Notice(f"withdrawn{_quoted(event, before)}")


def _quoted(event: Event, before: Conversation) -> str:
    waiting = before.waiting.get(event["message_id"])
    return f": {one_line(waiting.text, PREVIEW)}" if waiting else ""


def _ending_soon(event: Event, _: Conversation) -> Notice:
    reason = event["reason"]
    if reason == "max_messages":
        return Notice("This was the last message that the session takes.", Tone.WARNING)
    at = local_time(event["at"], utc_now())
    way_out = " unless somebody writes" if reason == "idle_timeout" else ""
    return Notice(f"The session ends at {at}{way_out} ({spelled(reason)}).", Tone.WARNING)


def _ended(event: Event, before: Conversation) -> Notice:
    summary = event.get("summary") or {}
    usage = summary.get("usage") or {}
    counts = f"{_count(summary.get('turns', 0), 'answer')}, {usage.get('output_tokens', 0)} tokens written"
    key = before.session.get("session_key", "The session")
    return Notice(f"{key} has ended: {spelled(event['reason'])} ({counts}).")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _updated(event: Event, before: Conversation) -> Notice | None:
    title = event["session"].get("title")
    if not title or title == before.session.get("title"):
        return None
    return Notice(f"title: {one_line(title)}")


def _interrupted(event: Event, _: Conversation) -> Notice:
    heard = one_line(event["heard_text"]).strip()
    return Notice(
        f"interrupted; heard of it: {_end_of(heard)}" if heard else "interrupted before a word was heard"
    )


def _end_of(text: str) -> str:
    """Its last words: where somebody was interrupted."""
    return text if len(text) <= PREVIEW else f"…{text[-PREVIEW:].partition(' ')[2] or text[-PREVIEW:]}"


def _phase(event: Event, _: Conversation) -> Notice:
    phase: Any = event["phase"]
    name = phase["name"] if isinstance(phase, Mapping) else phase
    return Notice(f"phase {event['index']} of {event['of']}: {one_line(str(name))}")


def _tool_started(event: Event, _: Conversation) -> Notice:
    return Notice(f"{one_line(event['name'])} {one_line(str(event['arguments']), PREVIEW)}")


def _tool_failed(event: Event, _: Conversation) -> Notice:
    return Notice(f"{one_line(event['name'])} failed: {one_line(str(event['error']), PREVIEW)}", Tone.WARNING)


_WORDS: Final[Mapping[str, Callable[[Event, Conversation], Notice | None]]] = {
    "turn.retrying": _retrying,
    "turn.superseded": _superseded,
    "turn.stopped": _stopped,
    "turn.failed": _failed,
    "message.accepted": _accepted,
    "message.rejected": _rejected,
    "message.withdrawn": _withdrawn,
    "session.ending_soon": _ending_soon,
    "session.ended": _ended,
    "session.updated": _updated,
    "session.paused": lambda _event, _before: Notice("paused: messages wait until the session is resumed"),
    "session.resumed": lambda _event, _before: Notice("resumed"),
    "phase.started": _phase,
    "interruption": _interrupted,
    "tool.started": _tool_started,
    "tool.failed": _tool_failed,
}
