"""Pausing and resuming: what is announced, and that every clock stands still."""

from tests.state.builders import failure
from tests.state.story import Story
from workflows.contract.commands import Pause, Resume
from workflows.contract.session import Status


def changes(story: Story) -> list[tuple[str, str]]:
    return [(event["old"], event["new"]) for event in story.seen("session.status_changed")]


def test_a_pause_is_announced_with_the_session_as_it_is_then() -> None:
    story = Story().pauses()
    assert story.kinds()[-2:] == ["session.paused", "session.status_changed"]
    assert story.last("session.paused")["session"]["status"] == "paused"
    assert changes(story) == [("idle", "paused")]


def test_a_resumption_is_announced_with_the_session_as_it_is_then() -> None:
    story = Story().pauses().resumes()
    assert story.kinds()[-2:] == ["session.resumed", "session.status_changed"]
    assert story.last("session.resumed")["session"]["status"] == "idle"
    assert changes(story) == [("idle", "paused"), ("paused", "idle")]


def test_pausing_twice_is_pausing_once() -> None:
    assert len(Story().pauses().passes(10).pauses().seen("session.paused")) == 1


def test_resuming_what_is_not_paused_says_nothing() -> None:
    assert not Story().resumes().seen("session.resumed")


def test_a_pause_and_a_resumption_that_come_together_are_both_announced() -> None:
    story = Story().hears(Pause(), Resume(), Pause())
    assert changes(story) == [("idle", "paused"), ("paused", "idle"), ("idle", "paused")]


def test_the_session_stays_active_until_the_running_turn_has_ended() -> None:
    story = Story().says("m").pauses()
    assert story.status is Status.ACTIVE
    assert story.last("session.paused")["session"]["status"] == "active"
    story.answers()
    assert changes(story)[1:] == [("active", "idle"), ("idle", "paused")]


def test_a_turn_that_is_resumed_before_it_ends_was_never_interrupted() -> None:
    story = Story().says("m").pauses().resumes().answers()
    assert changes(story) == [("idle", "active"), ("active", "idle")]


def test_active_seconds_stand_still_during_a_pause() -> None:
    story = Story().passes(10).pauses().passes(1_000)
    assert story.changes(title="T").last("session.updated")["session"]["active_seconds"] == 10
    story.resumes().passes(5)
    assert story.changes(title="U").last("session.updated")["session"]["active_seconds"] == 15


def test_active_seconds_leave_out_every_pause() -> None:
    story = Story()
    for _ in range(3):
        story.passes(10).pauses().passes(7).resumes()
    assert story.closes().last("session.ended")["summary"]["active_seconds"] == 30


def test_a_running_turn_goes_on_with_its_retries_during_a_pause() -> None:
    story = Story().says("m").step_ends(failure()).pauses().passes(5)
    assert len(story.shell.calls) == 2
    assert story.answers().status is Status.PAUSED


def test_a_turn_can_be_stopped_during_a_pause() -> None:
    story = Story().says("m").pauses().stops().keeps()
    assert story.last("turn.stopped")["reason"] == "stopped"
    assert story.status is Status.PAUSED


def test_an_interrupt_during_a_pause_stops_the_turn_and_waits() -> None:
    story = Story().says("m").pauses().interrupts("i").keeps()
    assert story.turns == [("m",)]
    assert story.resumes().turns == [("m",), ("i",)]


def test_a_paused_session_can_be_closed() -> None:
    story = Story().pauses().says("m").closes()
    assert story.ended == "user_ended"
    assert story.last("message.rejected")["message_id"] == "m"
    assert changes(story)[-1] == ("paused", "closed")
