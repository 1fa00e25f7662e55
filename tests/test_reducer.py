"""The strict client catches what it is there to catch.

Owns one case for each rule; a rule without a case here may have been lost.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.reducer import ContractViolationError, HeldMessage, Reducer

Event = dict[str, Any]


def event(kind: str, **fields: Any) -> Event:
    return {"type": kind, "session_id": "s", "at": "2026-11-20T10:00:00.000Z", **fields}


def started(turn: int = 1, *message_ids: str) -> Event:
    return event("turn.started", turn=turn, agent="assistant", message_ids=list(message_ids))


def delta(offset: int, text: str, turn: int = 1) -> Event:
    return event("message.delta", turn=turn, message_id=f"a-{turn}.1", offset=offset, text=text)


def completed(text: str, turn: int = 1, status: str = "complete") -> Event:
    return event("message.completed", turn=turn, message_id=f"a-{turn}.1", text=text, status=status)


def superseded(turn: int = 1) -> Event:
    return event("turn.superseded", turn=turn, message_id=f"a-{turn}.1")


def turn_end(kind: str = "turn.completed", turn: int = 1) -> Event:
    return event(kind, turn=turn, usage={})


def accepted(message_id: str) -> Event:
    return event("message.accepted", message_id=message_id, content="hello")


def status(old: str, new: str) -> Event:
    return event("session.status_changed", old=old, new=new)


def reset(
    *, status: str = "active", running: int | None = 1, partial: Event | None = None, **fields: Any
) -> Event:
    session = {"status": status, "turn": running and {"number": running}, **fields}
    said = {"message_id": "m1", "content": "hello", "status": "complete", "turn": 1}
    return event("reset", session=session, messages=[said], partial=partial, sentences=[], speech=[])


ENDED = event("session.ended", reason="user_ended", summary={})
SPOKEN = (started(), delta(0, "Hel"), delta(3, "lo"))
DONE = (*SPOKEN, completed("Hello"), turn_end())


def fed(events: Sequence[Event]) -> Reducer:
    reducer = Reducer()
    for n, each in enumerate(events, 1):
        reducer.feed(each, f"7-{n}")
    return reducer


def test_holds_a_plain_session() -> None:
    reducer = fed(
        [
            event("session.started", session={"status": "idle"}),
            accepted("m1"),
            started(1, "m1"),
            status("idle", "active"),
            delta(0, "Hé"),
            delta(2, "llo 👋"),
            completed("Héllo 👋"),
            turn_end(),
            status("active", "idle"),
            ENDED,
        ]
    )
    assert reducer.messages == {
        "m1": HeldMessage("hello", "complete", 1),
        "a-1.1": HeldMessage("Héllo 👋", "complete", 1),
    }
    assert reducer.turns == {1: "completed"}
    assert (reducer.status, reducer.ended) == ("idle", "user_ended")


def test_holds_nothing_of_what_was_superseded() -> None:
    reducer = fed([*SPOKEN, superseded(), delta(0, "Hi"), completed("Hi")])
    assert reducer.messages["a-1.1"] == HeldMessage("Hi", "complete", 1)


def test_goes_on_behind_a_reset_with_older_cursors() -> None:
    reducer = fed([*SPOKEN, event("turn.retrying", turn=1)])
    partial = {"message_id": "a-1.1", "turn": 1, "text": "Hello"}
    reducer.feed(reset(partial=partial, queue=[{"message_id": "m2", "text": "and"}]), "7-2")
    reducer.feed(delta(5, "!"), "7-3")
    reducer.feed(completed("Hello!"), "7-4")
    reducer.feed(turn_end(), "7-5")
    reducer.feed(started(2, "m2"), "7-6")
    assert reducer.messages["a-1.1"] == HeldMessage("Hello!", "complete", 1)
    assert reducer.messages["m2"] == HeldMessage("and", "complete", 2)
    assert reducer.turns == {1: "completed", 2: "running"}


def test_a_reset_may_say_that_the_session_is_over() -> None:
    assert fed([reset(status="closed", running=None, end_reason="terminated")]).ended == "terminated"


def test_a_refused_message_may_come_again() -> None:
    refused = event("message.rejected", message_id="m1", reason="queue_full")
    copy = event("message.rejected", message_id="m1", reason="invalid_request")
    reducer = fed([refused, refused, accepted("m1"), started(1, "m1"), copy])
    assert reducer.messages["m1"].status == "complete"


def test_a_message_may_be_withdrawn_injected_and_truncated() -> None:
    withdrawn = event("message.withdrawn", message_id="m1", reason="withdrawn")
    injected = event("message.injected", message_id="m2", turn=1)
    truncated = event("message.truncated", message_id="a-1.1", text="Hel")
    reducer = fed([accepted("m1"), withdrawn, accepted("m2"), *SPOKEN, injected, *DONE[3:], truncated])
    assert reducer.messages == {
        "m1": HeldMessage("hello", "withdrawn"),
        "m2": HeldMessage("hello", "complete", 1),
        "a-1.1": HeldMessage("Hel", "complete", 1),
    }


PARTIAL_OF_NO_TURN = {"message_id": "a-2.1", "turn": 2, "text": ""}
PARTIAL_THAT_IS_WHOLE = {"message_id": "m1", "turn": 1, "text": ""}


@pytest.mark.parametrize(
    ("events", "violation"),
    [
        ([*SPOKEN, delta(7, "gone")], "gap"),
        ([*SPOKEN, delta(3, "lo")], "overlap"),
        ([*SPOKEN, superseded(), delta(5, "!")], "gap"),
        ([started(), delta(1, "H")], "gap"),
        ([*SPOKEN, completed("Hello"), delta(5, "!")], "which is complete"),
        ([*SPOKEN, completed("Hello"), superseded()], "which is complete"),
        ([*SPOKEN, completed("Hello"), completed("Hello")], "which is complete"),
        ([*SPOKEN, completed("Hello!")], "the last word"),
        ([delta(0, "H")], "not started"),
        ([*DONE, delta(0, "H")], "which is completed"),
        ([*DONE, started(2), delta(5, "!", turn=1)], "which is completed"),
        ([*SPOKEN, {**delta(5, "!"), "turn": 2}], "not started"),
        ([*DONE, started(2), {**delta(5, "!"), "turn": 2}], "which is complete"),
        ([*SPOKEN, turn_end("turn.failed")], "open"),
        ([turn_end("turn.stopped")], "not started"),
        ([*DONE, turn_end("turn.stopped")], "which is completed"),
        ([started(), started()], "second time"),
        ([started(), started(2)], "while 1 is running"),
        ([started(2), turn_end(turn=2), started(1)], "after a later one"),
        ([started(1, "m1")], "uses message m1"),
        ([accepted("m1"), started(1, "m1"), turn_end(), started(2, "m1")], "uses message m1"),
        ([event("turn.retrying", turn=1)], "not started"),
        ([accepted("m1"), accepted("m1")], "accepted a second time"),
        ([event("message.withdrawn", message_id="m1")], "withdrawn"),
        (
            [accepted("m"), started(1, "m"), event("message.rejected", message_id="m", reason="queue_full")],
            "is rejected",
        ),
        ([event("message.truncated", message_id="a-1.1", text="Hi")], "truncated"),
        ([status("idle", "active"), status("idle", "active")], "was active"),
        ([status("idle", "idle")], "to itself"),
        ([event("session.started", session={"status": "idle"})] * 2, "starts a second time"),
        ([ENDED, ENDED], "after session.ended"),
        ([ENDED, status("idle", "active")], "after session.ended"),
        ([started(), ENDED], "in the middle of turn 1"),
        ([reset(partial=PARTIAL_OF_NO_TURN)], "no running turn"),
        ([reset(partial=PARTIAL_THAT_IS_WHOLE)], "is complete"),
        ([reset(running=None), turn_end()], "not started"),
        ([{**started(), "session_id": "t"}, started(2)], "another session"),
        ([event("message.whispered")], "unknown event"),
    ],
)
def test_catches(events: Sequence[Event], violation: str) -> None:
    *before, last = events
    reducer = fed(before)
    with pytest.raises(ContractViolationError, match=violation):
        reducer.feed(last)


@pytest.mark.parametrize(
    ("cursor", "violation"), [("7-3", "repeats"), ("7-2", "out of order"), ("somewhere", "unreadable")]
)
def test_catches_a_wrong_cursor(cursor: str, violation: str) -> None:
    with pytest.raises(ContractViolationError, match=violation):
        fed(SPOKEN).feed(delta(5, "!"), cursor)


def test_reads_the_cursor_inside_the_event_too() -> None:
    with pytest.raises(ContractViolationError, match="repeats"):
        fed(SPOKEN).feed({**delta(5, "!"), "cursor": "7-3"})
