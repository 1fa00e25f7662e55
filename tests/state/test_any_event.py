"""Rules are total: any event, whether it fits or not, leads to a state that says what comes next."""

from datetime import datetime, timedelta
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from tests.effort import examples
from tests.state import strategies as draw
from tests.state.builders import NOON, born, failure, guided, kept, message, profile
from workflows.contract.errors import ErrorCode, FailureKind
from workflows.contract.events import Event, RecordingTaken
from workflows.contract.profile import Limits, Settings
from workflows.contract.session import (
    Delivery,
    EndReason,
    MessageSentences,
    Status,
    StopReason,
    Summary,
    Usage,
)
from workflows.contract.speech import Utterance
from workflows.contract.start import SessionStart
from workflows.contract.transcription import Transcript
from workflows.contract.voice import PlaybackState, VoiceState
from workflows.state import settle
from workflows.state.admission import refusal
from workflows.state.decide import decide
from workflows.state.evolve import apply
from workflows.state.next_step import next_deadline, next_step
from workflows.state.outbox import Outbox
from workflows.state.session_state import SessionState
from workflows.state.steps import (
    CallModel,
    CancelStep,
    CloseDoor,
    Finish,
    Record,
    SettleAnswer,
    Transcribe,
    Wait,
)
from workflows.state.transcribed import transcribed
from workflows.state.view import card, session_view

EVENTS: Final[tuple[type[Any], ...]] = get_args(get_args(Event)[0])

moments = st.integers(-100, 100_000).map(lambda seconds: NOON + timedelta(seconds=seconds))
numbers = st.integers(0, 4)
texts = st.sampled_from(["", "x", "\x00\u2028😀"])
names = st.sampled_from(["assistant", "guide", ""])

FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "agent": names,
    "asked": st.just("playback"),
    "by_person": st.booleans(),
    "heard_ms": numbers,
    "heard_text": texts,
    "on": st.booleans(),
    "played_ms": numbers,
    "state": st.sampled_from(PlaybackState),
    "at": moments,
    "attempt": numbers,
    "audio_id": st.sampled_from(["audio-1", "audio-2"]),
    "duration_ms": numbers,
    "format": st.just("wav"),
    "sentence_index": numbers,
    "utterance": st.builds(
        Utterance,
        audio_id=st.sampled_from([None, "audio-1"]),
        duration_ms=numbers,
        skipped=st.none() | st.sampled_from(FailureKind),
    ),
    "told": numbers,
    "url": st.just("/v1/audio"),
    "budget": numbers,
    "cut": st.booleans(),
    "flagged": numbers,
    "index": st.integers(-1, 5),
    "next": st.sampled_from([None, "return"]),
    "of": numbers,
    "phase": st.sampled_from(["settling", "lunch"]),
    "sentences": numbers,
    "content": texts,
    "delivery": st.sampled_from(Delivery),
    "ends_at": st.none() | moments,
    "error": st.sampled_from([failure(), failure(shown=2)]),
    "limits": draw.limits.map(Limits.model_validate),
    "message_id": st.sampled_from([*draw.IDS[:4], "a-1.1"]),
    "message_ids": st.lists(st.sampled_from(draw.IDS[:4]), max_size=3).map(tuple),
    "metadata": st.sampled_from([{}, {"a": [None, 1.5]}]),
    "new": st.sampled_from(Status),
    "next_retry_at": moments,
    "number": numbers,
    "old": st.sampled_from(Status),
    "position": numbers,
    "reason": st.nothing(),
    "remaining": st.none() | numbers,
    "response_id": st.sampled_from([None, "r1", "r2"]),
    "settings": st.sampled_from([Settings(), Settings(effort="low")]),
    "shown": numbers,
    "status": st.sampled_from(["complete", "stopped", "failed"]),
    "step": numbers,
    "summary": st.just(Summary(turns=1, messages=1, active_seconds=timedelta(1), usage=Usage())),
    "text": texts,
    "title": st.sampled_from([None, "T"]),
    "turn": numbers,
    "usage": st.just(Usage(input_tokens=1, output_tokens=2, cached_tokens=3)),
    "write_id": st.sampled_from([None, "w1"]),
}
"""What a field of this name may hold, in whatever event."""

REASONS: Final = {
    EndReason: st.sampled_from(EndReason),
    StopReason: st.sampled_from(StopReason),
    FailureKind: st.sampled_from(FailureKind),
    ErrorCode: st.sampled_from(ErrorCode),
}


TRANSCRIPTS: Final = (Transcript(text="x"), Transcript(), Transcript(failure=FailureKind.QUOTA))

told_in = st.none() | st.builds(MessageSentences, first=numbers, ends=st.just((1, 2)))


def value(name: str, field: FieldInfo) -> st.SearchStrategy[Any]:
    if field.annotation is VoiceState:
        return st.sampled_from(VoiceState)
    if name == "sentences" and field.annotation is not int:
        return told_in
    if name == "reason" and field.annotation is str:
        return st.sampled_from(FailureKind).map(str)
    if name == "reason":
        return REASONS[field.annotation] if field.annotation in REASONS else st.just(field.default)
    if name == "error" and field.annotation is not None and type(None) in get_args(field.annotation):
        return st.none() | FIELDS[name]
    return FIELDS[name]


def event_of(kind: type[Any]) -> st.SearchStrategy[Event]:
    fields = {n: value(n, f) for n, f in kind.model_fields.items() if n != "type"}
    if kind is RecordingTaken:
        fields |= {"agent": st.sampled_from(["guide", "nobody"]), "message_id": st.sampled_from(draw.IDS[:4])}
    return st.builds(kind, **fields)


any_event = st.sampled_from(EVENTS).flatmap(event_of)
any_start = st.builds(
    born,
    draw.limits,
    of=st.sampled_from([profile(), profile("guide", "critic", settings=()), guided()]),
    first_message=st.sampled_from([None, message("first")]),
)


def follow(start: SessionStart, events: list[Event]) -> tuple[SessionState, Outbox]:
    state, outbox = SessionState.born(start, NOON), Outbox()
    for event in events:
        state = apply(state, event)
        outbox = outbox.added(event, state, event.at)
    return state, outbox


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_kind_of_event_can_be_drawn(kind: type[Any]) -> None:
    assert all(name in FIELDS for name in kind.model_fields if name != "type")


@examples(250)
@given(any_start, st.lists(any_event, max_size=25), moments)
def test_any_events_lead_to_a_state_that_knows_what_comes_next(
    start: SessionStart, events: list[Event], now: datetime
) -> None:
    state, outbox = follow(start, events)
    assert isinstance(
        next_step(state, now),
        Record | CallModel | CancelStep | SettleAnswer | Transcribe | CloseDoor | Wait | Finish,
    )
    next_deadline(state)
    session_view(state, now).fields()
    card(state, now)
    publication = outbox.publication(state, now)
    assert SessionState.model_validate_json(state.model_dump_json()) == state
    assert Outbox.model_validate_json(outbox.model_dump_json()) == outbox
    assert type(publication).model_validate_json(publication.model_dump_json()) == publication


@examples(150)
@given(any_start, st.lists(any_event, max_size=25), draw.commands, moments)
def test_any_command_can_be_decided_in_any_state(
    start: SessionStart, events: list[Event], command: Any, now: datetime
) -> None:
    state, _ = follow(start, events)
    refusal(state, command)
    for event in decide(state, command, now):
        state = apply(state, event)


@examples(100)
@given(any_start, st.lists(any_event, max_size=25), moments)
def test_any_step_may_end_in_any_state(start: SessionStart, events: list[Event], now: datetime) -> None:
    state, _ = follow(start, events)
    for follows in (
        settle.step_finished(state, kept(), now, said_in=state.epoch),
        settle.step_failed(state, failure(shown=1), now),
        settle.step_vanished(state, now),
        settle.projection_missed(state, now),
        *(transcribed(state, one, said, now) for one in draw.IDS[:4] for said in TRANSCRIPTS),
    ):
        after = state
        for event in follows:
            after = apply(after, event)
        next_step(after, now)


@examples(150)
@given(any_start, st.lists(any_event, max_size=25), any_event)
def test_an_event_never_takes_the_state_back(start: SessionStart, events: list[Event], event: Event) -> None:
    before, _ = follow(start, events)
    after = apply(before, event)
    assert after.revision > before.revision
    assert after.updated_at >= before.updated_at
    assert after.turns >= before.turns
    assert after.epoch >= before.epoch
    assert after.message_count >= before.message_count
    assert after.ended >= before.ended
    assert after.ending == (before.ending or after.ending)


@examples(150)
@given(any_start, st.lists(any_event, max_size=25), moments)
def test_facts_that_follow_by_themselves_come_to_an_end(
    start: SessionStart, events: list[Event], now: datetime
) -> None:
    state, _ = follow(start, events)
    for _ in range(20):
        step = next_step(state, now)
        if not isinstance(step, Record):
            return
        for event in step.events:
            state = apply(state, event)
    raise AssertionError("no end of facts")
