"""Every event as clients see it: exactly the fields that the contract page names."""

from datetime import timedelta
from typing import Any, Final, get_args

import pytest

from activities.store.event_log import Entry
from tests.state.builders import NOON, after, born, failure
from workflows.contract import events
from workflows.contract.errors import ErrorCode, FailureKind
from workflows.contract.events import Event, StreamedEvent
from workflows.contract.profile import Limits, Settings
from workflows.contract.session import Delivery, EndReason, Status, StopReason, Summary, Usage
from workflows.contract.voice import VoiceState
from workflows.state.outbox import Outbox
from workflows.state.session_state import SessionState

COMMON: Final = {"type", "session_id", "at"}
USAGE: Final = Usage(input_tokens=1, output_tokens=2, cached_tokens=3)
PHASE: Final[dict[str, Any]] = {"phase": "settling", "index": 1, "of": 3, "budget": 8}
USAGE_TOLD: Final = {"input_tokens": 1, "output_tokens": 2, "cached_tokens": 3}

CHANGED = events.SessionUpdated(at=NOON, title="T", metadata={}, limits=Limits(), settings=Settings())
SUMMARY = Summary(turns=1, messages=2, active_seconds=timedelta(seconds=1.5), usage=USAGE)

RECORDED: Final[list[tuple[Any, dict[str, Any]]]] = [
    (
        events.SessionStatusChanged(at=NOON, old=Status.IDLE, new=Status.ACTIVE),
        {"old": "idle", "new": "active"},
    ),
    (
        events.SessionEndingSoon(at=NOON, reason=EndReason.MAX_MESSAGES, remaining=0),
        {"reason": "max_messages", "remaining": 0},
    ),
    (
        events.SessionEnded(at=NOON, reason=EndReason.USER_ENDED, summary=SUMMARY),
        {
            "reason": "user_ended",
            "summary": {"turns": 1, "messages": 2, "active_seconds": 1.5, "usage": USAGE_TOLD},
        },
    ),
    (
        events.MessageAccepted(
            at=NOON,
            message_id="m",
            delivery=Delivery.STEER,
            position=0,
            agent="guide",
            content="\x00\u2028😀",
            settings=Settings(effort="low"),
        ),
        {
            "message_id": "m",
            "delivery": "steer",
            "position": 0,
            "agent": "guide",
            "content": "\x00\u2028😀",
        },
    ),
    (
        events.MessageRejected(at=NOON, message_id="m", reason=ErrorCode.QUEUE_FULL),
        {"message_id": "m", "reason": "queue_full"},
    ),
    (
        events.MessageWithdrawn(at=NOON, message_id="m", number=3),
        {"message_id": "m", "reason": "withdrawn"},
    ),
    (events.MessageInjected(at=NOON, message_id="m", turn=2), {"message_id": "m", "turn": 2}),
    (
        events.TurnStarted(at=NOON, turn=2, agent="guide", message_ids=("m", "n")),
        {"turn": 2, "agent": "guide", "message_ids": ["m", "n"]},
    ),
    (
        events.TurnStarted(at=NOON, turn=2, agent="guide", message_ids=()),
        {
            "turn": 2,
            "agent": "guide",
            "message_ids": [],
        },
    ),
    (
        events.TurnRetrying(
            at=NOON, turn=2, attempt=3, next_retry_at=after(5), reason=FailureKind.QUOTA, shown=7
        ),
        {"turn": 2, "attempt": 3, "next_retry_at": "2026-11-20T12:00:05.000Z", "reason": "quota"},
    ),
    (
        events.TurnCompleted(at=NOON, turn=2, usage=USAGE),
        {"turn": 2, "usage": USAGE_TOLD, "reason": "completed"},
    ),
    (
        events.TurnStopped(at=NOON, turn=2, usage=USAGE, reason=StopReason.INTERRUPTED),
        {"turn": 2, "usage": USAGE_TOLD, "reason": "interrupted"},
    ),
    (
        events.TurnFailed(at=NOON, turn=2, usage=USAGE, error=failure(retry_after=9, shown=2)),
        {"turn": 2, "usage": USAGE_TOLD, "error": {"code": "overloaded", "message": "It failed."}},
    ),
    (events.PhaseStarted(at=NOON, **PHASE), PHASE),
    (events.PhaseWindingDown(at=NOON, **PHASE, sentences=6), {**PHASE, "sentences": 6}),
    (
        events.PhaseCompleted(at=NOON, **PHASE, sentences=8, next="return"),
        {**PHASE, "sentences": 8, "next": "return"},
    ),
    (
        events.SpeechReady(
            at=NOON, sentence_index=7, audio_id="x", url="/v1/x", format="wav", duration_ms=900
        ),
        {"sentence_index": 7, "audio_id": "x", "url": "/v1/x", "format": "wav", "duration_ms": 900},
    ),
    (
        events.SpeechSkipped(at=NOON, sentence_index=7, reason="timeout"),
        {"sentence_index": 7, "reason": "timeout"},
    ),
    (
        events.VoiceStateChanged(at=NOON, old=VoiceState.SPEAKING, new=VoiceState.BARGED_IN),
        {"old": "speaking", "new": "barged_in"},
    ),
    (
        events.Interruption(at=NOON, turn=2, heard_ms=900, heard_text="Hello."),
        {"turn": 2, "heard_ms": 900, "heard_text": "Hello."},
    ),
    (
        events.MessageTruncated(at=NOON, message_id="a-2.1", text="Hello."),
        {"message_id": "a-2.1", "text": "Hello."},
    ),
    (events.EpochStarted(at=NOON), {}),
]

STREAMED: Final[list[tuple[Any, dict[str, Any]]]] = [
    (
        events.MessageDelta(at=NOON, turn=1, message_id="a-1.1", offset=3, text="lo"),
        {"turn": 1, "message_id": "a-1.1", "offset": 3, "text": "lo"},
    ),
    (
        events.MessageCompleted(at=NOON, turn=1, message_id="a-1.1", text="Hello", status="complete"),
        {"turn": 1, "message_id": "a-1.1", "text": "Hello", "status": "complete"},
    ),
    (events.TurnSuperseded(at=NOON, turn=1, message_id="a-1.1"), {"turn": 1, "message_id": "a-1.1"}),
    (
        events.SentenceTold(at=NOON, turn=1, index=7, text="Let us begin.", phase="settling"),
        {"turn": 1, "index": 7, "text": "Let us begin.", "phase": "settling"},
    ),
]

WITH_SESSION: Final = [
    events.SessionStarted(at=NOON),
    CHANGED,
    events.SessionPaused(at=NOON),
    events.SessionResumed(at=NOON),
]

LATER: Final = {
    *("tool.started", "tool.completed", "tool.failed"),
}
"""Of the contract page, and of issues to come."""

PUBLISHED_TYPES: Final = {
    *("session.started", "session.updated", "session.paused", "session.resumed"),
    *("session.status_changed", "session.ending_soon", "session.ended"),
    *("message.accepted", "message.rejected", "message.withdrawn", "message.injected"),
    *("turn.started", "message.delta", "message.completed", "turn.retrying", "turn.superseded"),
    *("turn.completed", "turn.stopped", "turn.failed", "reset"),
    *("voice.state_changed", "interruption", "message.truncated"),
    *("speech.ready", "speech.skipped", "sentence", "phase.started", "phase.winding_down", "phase.completed"),
}


def classes(union: Any) -> tuple[type[Any], ...]:
    return get_args(get_args(union)[0]) if hasattr(union, "__metadata__") else get_args(union)


def told(event: Event) -> dict[str, Any]:
    """`event` as it goes to the log."""
    return Outbox().added(event, SessionState.born(born(), NOON), NOON).entries[0].event


def kind_of(event: Any) -> str:
    return str(event.type)


@pytest.mark.parametrize(("event", "fields"), RECORDED, ids=lambda value: getattr(value, "type", ""))
def test_a_recorded_event_has_the_fields_of_the_contract(event: Any, fields: dict[str, Any]) -> None:
    common = {"type": event.type, "session_id": "s1", "at": "2026-11-20T12:00:00.000Z"}
    assert told(event) == common | fields


@pytest.mark.parametrize("event", WITH_SESSION, ids=kind_of)
def test_an_event_about_the_session_carries_the_session(event: Any) -> None:
    published = told(event)
    assert published.keys() == COMMON | {"session"}
    assert published["session"]["session_id"] == "s1"


def test_a_clock_that_will_strike_is_announced_with_its_time_as_at() -> None:
    event = events.SessionEndingSoon(at=NOON, reason=EndReason.IDLE_TIMEOUT, ends_at=after(60))
    assert told(event) == {
        "type": "session.ending_soon",
        "session_id": "s1",
        "at": "2026-11-20T12:01:00.000Z",
        "reason": "idle_timeout",
    }


@pytest.mark.parametrize(("event", "fields"), STREAMED, ids=lambda value: getattr(value, "type", ""))
def test_a_streamed_event_has_the_fields_of_the_contract(
    event: StreamedEvent, fields: dict[str, Any]
) -> None:
    entry = Entry.of("s1", event)
    published = type(event).model_validate_json(entry.event)
    assert published == event
    assert published.model_dump(mode="json").keys() | {"session_id"} == COMMON | fields.keys()
    assert fields.items() <= published.model_dump(mode="json").items()


def test_every_event_of_the_contract_exists_and_no_other_is_published() -> None:
    recorded = {kind.model_fields["type"].default for kind in classes(Event) if not kind.private}
    streamed = {kind.model_fields["type"].default for kind in classes(StreamedEvent)}
    assert recorded | streamed == PUBLISHED_TYPES
    assert not PUBLISHED_TYPES & LATER


def test_every_published_event_is_tested_here() -> None:
    here = {event.type for event, _ in RECORDED + STREAMED} | {event.type for event in WITH_SESSION}
    assert here == PUBLISHED_TYPES


def test_private_events_have_types_of_their_own() -> None:
    private = {kind.model_fields["type"].default for kind in classes(Event) if kind.private}
    assert not private & (PUBLISHED_TYPES | LATER)
