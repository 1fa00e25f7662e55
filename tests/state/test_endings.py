"""Ends of turns and of sessions: what is said, in which order, and what adds up."""

import pytest

from tests.state.builders import NOON, born, complete, failure, message, terminal
from tests.state.shell import Happenings, Shell
from tests.state.story import Story
from workflows.contract.commands import Close
from workflows.contract.session import EndReason, Status


def test_a_plain_turn_says_this_and_no_more() -> None:
    assert Story().says("m").answers().kinds() == [
        "session.started",
        "message.accepted",
        "turn.started",
        "session.status_changed",
        "turn.completed",
        "session.status_changed",
    ]


def test_a_session_can_be_born_with_its_first_message() -> None:
    story = Story(first_message=message("first"))
    assert story.turns == [("first",)]


def test_a_new_session_is_announced_as_it_is() -> None:
    started = Story({"idle_timeout": 300}, title="T").log[0]
    assert started["type"] == "session.started"
    assert started["session"] == born({"idle_timeout": 300}, title="T").view().fields() | {
        "idle_at": "2026-11-20T12:05:00.000Z"
    }


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_session_ends_for_the_reason_that_was_given(reason: EndReason) -> None:
    assert Story().closes(reason).ended == reason


def test_what_still_waits_is_rejected_then_the_session_is_closed_then_it_has_ended() -> None:
    story = Story().pauses().queues("q").says("s").interrupts("i").closes()
    assert story.kinds()[-5:] == [
        "message.rejected",
        "message.rejected",
        "message.rejected",
        "session.status_changed",
        "session.ended",
    ]
    rejected = story.seen("message.rejected", reason="session_closed")
    assert [event["message_id"] for event in rejected] == ["i", "s", "q"]
    assert story.last("session.status_changed")["new"] == "closed"


def test_what_comes_while_the_door_closes_is_rejected_before_the_end() -> None:
    shell = Shell(born(), NOON)
    shell.task(Happenings(commands=(Close(),)))
    assert shell.flight is not None
    assert shell.flight.closing
    shell.task(Happenings(commands=(message("late"),)))
    while shell.summary is None:
        shell.task(Happenings(publication="arrived"))
    assert [entry.event["type"] for entry in shell.store.log][-3:] == [
        "message.rejected",
        "session.status_changed",
        "session.ended",
    ]


def test_the_door_is_closed_before_the_last_word_is_said() -> None:
    shell = Shell(born(), NOON)
    shell.task(Happenings(commands=(Close(),)))
    assert not shell.state.ended
    assert not shell.told_early
    shell.task(Happenings(publication="arrived"))
    assert shell.store.closing
    assert shell.state.ended
    assert not shell.told_early, "the last word must not run ahead of history"
    assert shell.summary is None
    shell.task(Happenings(publication="arrived"))
    assert shell.summary is not None


def test_a_door_that_could_not_be_closed_is_closed_again_in_a_new_log() -> None:
    shell = Shell(born(), NOON)
    shell.task(Happenings(commands=(Close(),)))
    shell.lose_store()
    while shell.summary is None:
        shell.task(Happenings(publication="arrived"))
    assert [entry.event["type"] for entry in shell.store.log] == [
        "reset",
        "session.status_changed",
        "session.ended",
    ]
    assert shell.store.session["status"] == "closed"


def test_a_last_word_that_was_lost_with_the_store_is_said_again() -> None:
    shell = Shell(born(), NOON)
    shell.task(Happenings(commands=(Close(),)))
    shell.task(Happenings(publication="arrived"))
    shell.lose_store()
    while shell.summary is None:
        shell.task(Happenings(publication="arrived"))
    assert [entry.event["type"] for entry in shell.store.log] == ["reset", "session.ended"]
    assert shell.store.session["end_reason"] == "user_ended"


def test_the_summary_adds_up() -> None:
    story = Story().says("m1").passes(10).answers(tokens=10)
    story.says("m2").queues("m3").step_ends(failure()).passes(5).answers(tokens=100)
    story.step_ends(terminal()).closes()
    assert story.last("session.ended")["summary"] == {
        "turns": 3,
        "messages": 3,
        "active_seconds": 15,
        "usage": {"input_tokens": 110, "output_tokens": 220, "cached_tokens": 2},
    }
    summary = story.shell.summary
    assert summary is not None
    assert summary.model_dump(mode="json") == story.last("session.ended")["summary"]


def test_the_summary_stays_the_same_afterwards() -> None:
    story = Story().passes(10).closes()
    story.shell.pass_time(1_000)
    story.shell.task()
    assert story.shell.summary is not None
    assert story.shell.summary.active_seconds.total_seconds() == 10


def test_a_turn_tells_its_own_usage() -> None:
    story = Story().says("m1").answers(tokens=10).says("m2").answers(tokens=100)
    assert [event["usage"]["input_tokens"] for event in story.seen("turn.completed")] == [10, 100]


def test_after_a_failed_turn_the_session_continues() -> None:
    story = Story().says("m1").step_ends(terminal()).says("m2").answers()
    assert [kind for kind in story.kinds() if kind.startswith("turn.")] == [
        "turn.started",
        "turn.failed",
        "turn.started",
        "turn.completed",
    ]


def test_turns_are_numbered_from_one_without_a_hole() -> None:
    story = Story()
    for number in range(5):
        story.says(f"m{number}").step_ends(terminal() if number % 2 else complete())
    assert [event["turn"] for event in story.seen("turn.started")] == [1, 2, 3, 4, 5]


def test_status_changes_form_a_chain() -> None:
    story = Story().says("m").queues("q").answers().pauses().answers().says("n").resumes().answers().closes()
    changes = [(event["old"], event["new"]) for event in story.seen("session.status_changed")]
    assert changes == [
        ("idle", "active"),
        ("active", "idle"),
        ("idle", "active"),
        ("active", "idle"),
        ("idle", "paused"),
        ("paused", "idle"),
        ("idle", "active"),
        ("active", "idle"),
        ("idle", "closed"),
    ]
    assert story.status is Status.CLOSED
