"""The rules of the contract for clients, one by one and at every cut point."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.cli.reducer import MISSING_TEXT, Conversation

AT = "2026-11-20T10:00:00.000Z"


def _delta(offset: int, text: str, message_id: str = "a-1.1", turn: int = 1) -> dict[str, Any]:
    return {"type": "message.delta", "turn": turn, "message_id": message_id, "offset": offset, "text": text}


def _completed(text: str, status: str = "complete") -> dict[str, Any]:
    return {
        "type": "message.completed", "turn": 1, "message_id": "a-1.1", "text": text, "status": status,
    }  # fmt: skip


def _accepted(message_id: str, text: str = "hello", position: int = 0) -> dict[str, Any]:
    return {
        "type": "message.accepted", "message_id": message_id, "delivery": "steer", "position": position,
        "agent": "assistant", "content": text,
    }  # fmt: skip


def _started(*message_ids: str, turn: int = 1) -> dict[str, Any]:
    return {"type": "turn.started", "turn": turn, "agent": "assistant", "message_ids": list(message_ids)}


RETRYING = {
    "type": "turn.retrying", "turn": 1, "attempt": 2, "at": AT, "next_retry_at": AT, "reason": "timeout",
}  # fmt: skip
SUPERSEDED = {"type": "turn.superseded", "turn": 1, "message_id": "a-1.1"}


def _after(*events: dict[str, Any], held: Conversation | None = None) -> Conversation:
    conversation = held or Conversation()
    for event in events:
        conversation = conversation.apply(event)
    return conversation


def _text(conversation: Conversation, message_id: str = "a-1.1") -> str:
    return conversation.messages[message_id].text


def test_deltas_are_appended() -> None:
    assert _text(_after(_delta(0, "He"), _delta(2, "llo"))) == "Hello"


def test_offsets_count_code_points() -> None:
    assert _text(_after(_delta(0, "👍🏽"), _delta(2, "!"))) == "👍🏽!"


def test_what_lies_before_the_end_is_ignored() -> None:
    assert _text(_after(_delta(0, "Hello"), _delta(0, "Hel"))) == "Hello"
    assert _text(_after(_delta(0, "Hel"), _delta(2, "llo"))) == "Hello"


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 8), st.integers(1, 9)), max_size=20))
def test_any_overlapping_deltas_make_one_copy(text: str, pieces: list[tuple[int, int]]) -> None:
    conversation, held = _after(_delta(0, text[:1])), len(text[:1])
    for back, length in pieces:
        start = max(0, held - back)
        conversation = conversation.apply(_delta(start, text[start : start + length]))
        held = max(held, min(start + length, len(text)))
        assert not text or _text(conversation) == text[:held]


def test_a_missing_beginning_is_shown_as_missing_until_the_whole_is_there() -> None:
    late = _after(_delta(5, "world"), _delta(10, "!"))
    assert _text(late) == f"{MISSING_TEXT}world!"
    assert _text(_after(_completed("Hello world!"), held=late)) == "Hello world!"


def _outdated(conversation: Conversation) -> str | None:
    assert conversation.turn is not None
    return conversation.turn.outdated


def test_superseded_text_is_forgotten() -> None:
    conversation = _after(_delta(0, "old words"), SUPERSEDED)
    assert _text(conversation) == ""
    assert _outdated(conversation) == "old words"
    again = _after(_delta(0, "new"), held=conversation)
    assert _text(again) == "new"
    assert _outdated(again) is None


def test_an_answer_is_outdated_until_the_new_one_passes_its_end() -> None:
    conversation = _after(_delta(0, "old words"), SUPERSEDED, _delta(0, "old"))
    assert _outdated(conversation) == "old words"
    for event in (SUPERSEDED, _accepted("m-2", position=1), _delta(0, "old wo"), RETRYING, _delta(6, "rds")):
        conversation = conversation.apply(event)
        assert _outdated(conversation) == "old words"
    assert _outdated(_after(_delta(9, "."), held=conversation)) is None
    assert _outdated(_after(_completed("old words"), held=conversation)) is None


def test_completed_and_truncated_replace() -> None:
    conversation = _after(_delta(0, "Hello wor"), _completed("Hello world"))
    assert _text(conversation) == "Hello world"
    assert conversation.messages["a-1.1"].is_final
    heard = {"type": "message.truncated", "message_id": "a-1.1", "text": "Hello"}
    assert _text(_after(heard, held=conversation)) == "Hello"


def test_a_delta_of_a_completed_message_changes_nothing() -> None:
    assert _text(_after(_completed("Hello"), _delta(0, "Hello"))) == "Hello"


def test_a_message_waits_until_a_turn_takes_it_and_exists_once() -> None:
    waiting = _after(_accepted("m-1"), _accepted("m-2"))
    assert list(waiting.waiting) == ["m-1", "m-2"]
    assert not waiting.messages
    running = _after(_started("m-1", "m-2"), held=waiting)
    assert list(running.messages) == ["m-1", "m-2"]
    assert not running.waiting
    again = _after(_started("m-1", "m-2"), _accepted("m-1"), held=running)
    assert list(again.messages) == ["m-1", "m-2"]
    assert not again.waiting


def test_an_injected_message_stands_where_it_reached_the_model() -> None:
    injected = {"type": "message.injected", "message_id": "m-2", "turn": 1}
    conversation = _after(
        _accepted("m-1"), _started("m-1"), _delta(0, "first"), _accepted("m-2", position=1),
        _completed("first"),
        injected, _delta(0, "second", "a-1.2"),
    )  # fmt: skip
    assert list(conversation.messages) == ["m-1", "a-1.1", "m-2", "a-1.2"]


def test_rejected_and_withdrawn_messages_wait_no_more() -> None:
    for kind in ("message.rejected", "message.withdrawn"):
        gone = {"type": kind, "message_id": "m-1", "reason": "session_closed"}
        assert not _after(_accepted("m-1"), gone).waiting


def test_turns_run_from_their_start_to_their_end() -> None:
    running = _after(_accepted("m-1"), _started("m-1"))
    assert not running.is_quiet
    for kind in ("turn.completed", "turn.stopped", "turn.failed"):
        assert _after({"type": kind, "turn": 1}, held=running).is_quiet
    assert not _after({"type": "turn.completed", "turn": 1}, held=_after(_started(turn=2))).is_quiet


def test_a_retry_is_held_until_text_comes() -> None:
    retrying = {
        "type": "turn.retrying", "turn": 1, "attempt": 2, "at": AT, "next_retry_at": AT,
        "reason": "rate_limited",
    }  # fmt: skip
    waiting = _after(_started(), retrying)
    assert waiting.turn is not None
    assert waiting.turn.retry is not None
    assert waiting.turn.retry.attempt == 2
    going_on = _after(_delta(0, "Hello"), held=waiting)
    assert going_on.turn is not None
    assert going_on.turn.retry is None


def test_a_paused_session_is_quiet_though_messages_wait() -> None:
    paused = {"type": "session.paused", "session": {"status": "paused"}}
    assert _after(paused, _accepted("m-1")).is_quiet


def test_the_end_leaves_nothing_running_or_waiting() -> None:
    ended = {"type": "session.ended", "reason": "idle_timeout", "summary": {}}
    conversation = _after(_accepted("m-1"), ended)
    assert conversation.end_reason == "idle_timeout"
    assert conversation.is_quiet
    assert conversation.session["status"] == "closed"


def _reset(**more: Any) -> dict[str, Any]:
    said = [
        {"message_id": "m-1", "role": "user", "content": "hello", "status": "complete", "turn": 1},
        {"message_id": "a-1.1", "role": "assistant", "content": "Hello.", "status": "complete", "turn": 1},
    ]
    queue = [{"message_id": "m-3", "delivery": "queue", "agent": "assistant", "text": "beginn"}]
    session = {"status": "active", "turn": {"number": 2}, "queue": queue}
    partial = {"message_id": "a-2.1", "turn": 2, "text": "I a"}
    return {"type": "reset", "session": session, "messages": said, "partial": partial, **more}


def test_reset_replaces_everything_and_the_partial_message_goes_on() -> None:
    before = _after(_accepted("m-3", "beginning and end"), _delta(0, "lost words", "a-9.1"))
    conversation = _after(_reset(), _delta(3, "m here", "a-2.1", turn=2), held=before)
    assert {key: message.text for key, message in conversation.messages.items()} == {
        "m-1": "hello", "a-1.1": "Hello.", "a-2.1": "I am here",
    }  # fmt: skip
    assert conversation.waiting["m-3"].text == "beginning and end"
    assert conversation.turn is not None
    assert conversation.turn.number == 2


def test_reset_of_a_session_without_a_running_turn() -> None:
    session: dict[str, Any] = {"status": "closed", "end_reason": "user_ended", "turn": None, "queue": []}
    conversation = _after(_reset(session=session, partial=None))
    assert conversation.end_reason == "user_ended"
    assert conversation.is_quiet


def test_unknown_and_malformed_events_change_nothing() -> None:
    held = _after(_accepted("m-1"), _started("m-1"), _delta(0, "Hello"))
    malformed: tuple[dict[str, Any], ...] = (
        {},
        {"type": "speech.ready"},
        {"type": "message.delta"},
        {"type": "message.delta", "turn": 1, "message_id": "a-1.1", "offset": None, "text": 3},
        {"type": "session.updated", "session": None},
        {"type": "reset", "session": {}, "messages": [{}], "partial": None},
        {"type": "message.truncated", "message_id": "a-9.9", "text": "x"},
    )
    for event in malformed:
        assert _after(event, held=held) == held


LOG = (
    {"type": "session.started", "session": {"status": "idle", "session_key": "SESSION-001"}},
    _accepted("m-1"), _started("m-1"), {"type": "session.status_changed", "old": "idle", "new": "active"},
    _delta(0, "Some wrong"), _delta(10, " words"), SUPERSEDED, _delta(0, "Right"),
    _accepted("m-2", position=1),
    _delta(5, " words"), _completed("Right words"), {"type": "turn.completed", "turn": 1},
    _started("m-2", turn=2), _delta(0, "Bye", "a-2.1", 2),
)  # fmt: skip


def test_every_event_again_at_every_cut_point_changes_nothing() -> None:
    """The last event before a break may come a second time; what is held stays one copy."""
    for cut in range(1, len(LOG)):
        if LOG[cut - 1] is SUPERSEDED:
            continue
        doubled = (*LOG[:cut], LOG[cut - 1], *LOG[cut:])
        assert _after(*doubled) == _after(*LOG), f"cut behind {LOG[cut - 1]}"


def _short_reset(partial: str | None) -> dict[str, Any]:
    shown = partial and {"message_id": "a-1.1", "turn": 1, "text": partial}
    return {"type": "reset", "session": {"turn": {"number": 1}}, "messages": [], "partial": shown}


def test_an_answer_of_which_a_reset_knows_less_is_outdated() -> None:
    held = _after(_started("m-1"), _delta(0, "old words"))
    for partial in (None, "", "old"):
        conversation = _after(_short_reset(partial), held=held)
        assert _outdated(conversation) == "old words"
        assert _outdated(_after(_short_reset(partial), held=conversation)) == "old words"
        assert _outdated(_after(_delta(0, "old words."), held=conversation)) is None
    for partial in ("old words", "old words.", "other"):
        assert _outdated(_after(_short_reset(partial), held=held)) is None
