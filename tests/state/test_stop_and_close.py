"""Stopping a turn and closing a session, wherever the turn's step stands."""

from collections.abc import Callable

import pytest

from tests.state.builders import complete, failure, terminal
from tests.state.shell import Vanished
from tests.state.story import Story
from workflows.contract.commands import Cancel
from workflows.contract.errors import StoreFault
from workflows.contract.session import Status
from workflows.state.steps import SettleAnswer
from workflows.state.turn import StepStatus

Arrange = Callable[[], Story]
Act = Callable[[Story], Story]


def running() -> Story:
    return Story().says("m")


def retrying() -> Story:
    return running().step_ends(failure())


def retrying_with_shown_text() -> Story:
    return running().step_ends(failure(shown=3))


def settling() -> Story:
    """A failed step whose shown text is being made the whole."""
    return running().step_ends(terminal(shown=3))


def test_a_stop_without_a_turn_does_nothing() -> None:
    story = Story().stops()
    assert story.status is Status.IDLE
    assert not story.seen("turn.stopped")


def test_a_stop_of_another_turn_does_nothing() -> None:
    assert not running().stops(turn=2).cancelled
    assert running().stops(turn=1).cancelled


def test_stopping_twice_is_stopping_once() -> None:
    story = running().stops().stops().keeps()
    assert len(story.seen("turn.stopped")) == 1


# ---- stop --------------------------------------------------------------------------------------------


def test_a_running_step_is_cancelled_and_its_text_kept() -> None:
    story = running().stops()
    assert story.cancelled
    story.keeps("Hel")
    assert story.last("turn.stopped")["reason"] == "stopped"
    said = story.shell.state.transcript.messages[-1]
    assert (said.message_id, said.content, said.status) == ("a-1.1", "Hel", "stopped")
    assert story.status is Status.IDLE


def test_an_answer_that_was_complete_before_the_stop_reached_it_is_complete() -> None:
    story = running().stops().answers("Hello.")
    assert story.last("turn.completed")["reason"] == "completed"


def test_a_stopped_step_that_showed_nothing_leaves_no_message() -> None:
    story = running().stops().keeps("")
    assert [m.role for m in story.shell.state.transcript.messages] == ["user"]


def test_a_stop_that_the_log_saw_first_is_a_stop() -> None:
    story = running().keeps("Hel")
    assert story.last("turn.stopped")["reason"] == "stopped"


def test_a_retry_wait_in_which_nothing_was_shown_ends_at_once() -> None:
    story = retrying().stops()
    assert story.last("turn.stopped")["reason"] == "stopped"
    assert story.shell.deadline is None


def test_what_a_retry_wait_left_shown_is_settled_first() -> None:
    story = retrying_with_shown_text().stops()
    assert story.running == SettleAnswer(turn=1, step=1, message_id="a-1.1", status="stopped")
    assert story.status is Status.ACTIVE
    story.keeps("Hel")
    assert story.last("turn.stopped")["reason"] == "stopped"


@pytest.mark.parametrize("shown", [0, 3])
def test_a_stopped_step_that_fails_in_a_way_worth_a_retry_is_stopped(shown: int) -> None:
    story = running().stops().step_ends(failure(shown=shown))
    if shown:
        story.keeps("Hel")
    assert story.last("turn.stopped")["reason"] == "stopped"
    assert not story.seen("turn.retrying")


def test_a_stopped_step_that_vanished_is_settled() -> None:
    story = running().stops().step_ends(Vanished())
    assert isinstance(story.running, SettleAnswer)
    assert story.keeps("Hel").last("turn.stopped")["reason"] == "stopped"


def test_a_stopped_step_that_found_no_store_is_not_called_again() -> None:
    story = running().stops().step_ends(StoreFault.EPOCH_LOST)
    assert len(story.shell.calls) == 1
    story.keeps("")
    assert story.last("turn.stopped")["reason"] == "stopped"
    assert [m.role for m in story.shell.state.transcript.messages] == ["user"]


def test_what_a_dead_attempt_said_in_a_new_epoch_is_kept() -> None:
    """It had gone on there; the attempt after it still writes to the old one, and knows nothing of that."""
    story = running().stops().step_ends(StoreFault.EPOCH_LOST)
    assert isinstance(story.running, SettleAnswer)
    story.keeps("Hel")
    assert story.shell.state.transcript.messages[-1].content == "Hel"


def test_a_stop_while_a_failure_is_being_settled_leaves_a_failure() -> None:
    story = settling().stops().keeps("Hel", "failed")
    assert story.last("turn.failed")["error"]["code"] == "authentication"
    assert not story.seen("turn.stopped")


@pytest.mark.parametrize("arrange", [running, retrying_with_shown_text])
def test_no_timer_runs_in_the_past_while_a_stop_is_settled(arrange: Arrange) -> None:
    story = arrange().stops()
    story.shell.pass_time(1_000)
    story.shell.task()
    assert story.shell.deadline is None


def test_a_stopped_turn_makes_way_for_what_waits() -> None:
    story = running().queues("q").stops().keeps("Hel")
    assert story.turns == [("m",), ("q",)]
    assert story.status is Status.ACTIVE


# ---- a settlement that does not work out -------------------------------------------------------------


@pytest.mark.parametrize("end", [StoreFault.EPOCH_LOST, StoreFault.TRANSCRIPT_MISSING, Vanished()])
def test_a_failed_turn_is_settled_again_and_never_called_again(end: StoreFault | Vanished) -> None:
    story = settling().step_ends(end)
    assert isinstance(story.running, SettleAnswer)
    assert story.running.status == "failed"
    assert len(story.shell.calls) == 1
    story.keeps("", "failed")
    assert story.last("turn.failed")["error"]["code"] == "authentication"


@pytest.mark.parametrize("end", [StoreFault.EPOCH_LOST, Vanished()])
def test_a_failed_turn_that_is_stopped_and_settled_again_is_still_a_failure(
    end: StoreFault | Vanished,
) -> None:
    story = settling().stops().step_ends(end)
    assert isinstance(story.running, SettleAnswer)
    assert story.running.status == "failed"
    assert story.keeps("", "failed").last("turn.failed")["error"]["code"] == "authentication"


def test_an_answer_that_settles_as_complete_is_complete() -> None:
    story = settling().step_ends(complete("Hello."))
    assert story.last("turn.completed")


# ---- close -------------------------------------------------------------------------------------------


def closes(story: Story) -> Story:
    return story.closes()


def is_cancelled(story: Story) -> Story:
    return story.hears(Cancel())


@pytest.mark.parametrize(("act", "reason"), [(closes, "user_ended"), (is_cancelled, "cancelled")])
@pytest.mark.parametrize(
    ("arrange", "text", "end"),
    [
        (running, "Hel", "turn.stopped"),
        (retrying, None, "turn.stopped"),
        (retrying_with_shown_text, "Hel", "turn.stopped"),
        (settling, "Hel", "turn.failed"),
    ],
)
def test_closing_ends_the_turn_first(
    arrange: Arrange, text: str | None, end: str, act: Act, reason: str
) -> None:
    story = act(arrange().queues("q"))
    if text is not None:
        assert story.ended is None
        story.keeps(text, "failed" if end == "turn.failed" else "stopped")
    assert story.ended == reason
    assert story.kinds()[-5:] == [
        end,
        "session.status_changed",
        "message.rejected",
        "session.status_changed",
        "session.ended",
    ]
    if end == "turn.stopped":
        assert story.last(end)["reason"] == "session_ended"


def test_closing_an_idle_session_ends_it_at_once() -> None:
    assert Story().says("m").answers().closes().ended == "user_ended"


def test_closing_twice_is_closing_once() -> None:
    story = running().closes().hears(Cancel()).closes().keeps()
    assert story.ended == "user_ended"


def test_a_turn_that_is_being_stopped_keeps_its_reason_when_the_session_is_closed() -> None:
    story = running().stops().closes().keeps()
    assert story.last("turn.stopped")["reason"] == "stopped"


def test_a_closing_session_tries_nothing_again() -> None:
    story = running().closes().step_ends(failure())
    assert story.ended == "user_ended"
    assert len(story.shell.calls) == 1


def test_nothing_starts_once_the_end_is_decided() -> None:
    story = running().queues("q").closes().answers()
    assert story.turns == [("m",)]
    assert story.ended == "user_ended"


def test_the_step_status_names_are_all_covered_here() -> None:
    assert running().turn.status is StepStatus.RUNNING
    assert retrying().turn.status is StepStatus.RETRYING
    assert settling().turn.status is StepStatus.SETTLING
