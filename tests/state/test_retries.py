"""What follows when a provider fails: another attempt, ever later, or the end of the turn."""

import pytest

from tests.state.builders import after, failure, terminal
from tests.state.shell import Vanished
from tests.state.story import Story
from workflows.contract.errors import RETRYABLE, FailureKind, StoreFault
from workflows.contract.session import Status
from workflows.contract.start import RetrySchedule
from workflows.state.steps import SettleAnswer
from workflows.state.turn import StepStatus


def running() -> Story:
    return Story().says("m")


def waits_of(story: Story, *, shown: int = 0) -> list[float]:
    """Seconds of every retry wait until the turn fails."""
    waits = []
    while story.shell.attempt is not None and not isinstance(story.running, SettleAnswer):
        before = story.shell.now
        story.step_ends(failure(shown=shown))
        if story.shell.deadline is None:
            break
        waits.append((story.shell.deadline.at - before).total_seconds())
        story.passes(waits[-1])
    return waits


def test_waits_double_from_five_seconds_to_half_an_hour_and_add_up_to_eight_hours() -> None:
    story = running()
    waits = waits_of(story)
    assert waits[:10] == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800]
    assert set(waits[10:]) == {1800}
    assert sum(waits) <= 8 * 3600 < sum(waits) + 1800
    assert story.last("turn.failed")["error"]["code"] == "overloaded"
    assert story.status is Status.IDLE


@pytest.mark.parametrize(
    ("schedule", "waits"),
    [
        (RetrySchedule(initial=1, maximum=4, total=14), [1, 2, 4, 4]),
        (RetrySchedule(initial=1, maximum=4, total=15), [1, 2, 4, 4, 4]),
        (RetrySchedule(initial=10, maximum=4, total=8), [4, 4]),
        (RetrySchedule(total=0), []),
    ],
)
def test_the_schedule_can_be_set(schedule: RetrySchedule, waits: list[float]) -> None:
    assert waits_of(Story(retries=schedule).says("m")) == waits


def test_a_schedule_of_very_many_retries_stays_a_schedule() -> None:
    story = Story(retries=RetrySchedule(initial=0.5, maximum=1, total=1_100)).says("m")
    assert len(waits_of(story)) == 1_100


def test_a_provider_that_asks_for_more_time_gets_it() -> None:
    story = running().step_ends(failure(retry_after=7_200))
    assert story.last("turn.retrying")["next_retry_at"] == "2026-11-20T14:00:00.000Z"


def test_a_provider_that_asks_for_less_time_than_the_schedule_gets_the_schedule() -> None:
    story = running().step_ends(failure(retry_after=1))
    assert story.last("turn.retrying")["next_retry_at"] == "2026-11-20T12:00:05.000Z"


@pytest.mark.parametrize("asked", [8 * 3600 + 1, 86_399_999_999_999])
def test_a_provider_that_asks_for_more_time_than_there_is_fails_the_turn(asked: float) -> None:
    story = running().step_ends(failure()).passes(5).step_ends(failure(retry_after=asked))
    assert story.last("turn.failed")["error"]["code"] == "overloaded"


def test_a_retry_is_announced_with_its_attempt_time_and_reason() -> None:
    story = running().step_ends(failure(FailureKind.RATE_LIMITED))
    told = story.last("turn.retrying")
    assert (told["turn"], told["attempt"], told["reason"]) == (1, 2, "rate_limited")
    assert story.turn.retry_at == after(5)
    assert story.status is Status.ACTIVE


def test_the_next_attempt_starts_when_its_time_has_come() -> None:
    story = running().step_ends(failure()).passes(4.999)
    assert len(story.shell.calls) == 1
    story.passes(0.001)
    assert story.turn.status is StepStatus.RUNNING
    assert [call.attempt for call in story.shell.calls] == [1, 2]
    assert {call.message_id for call in story.shell.calls} == {"a-1.1"}
    assert story.turn.view().attempt == 2


def test_every_kind_of_failure_is_worth_a_retry_or_is_not() -> None:
    for kind in FailureKind:
        story = running().step_ends(failure(kind))
        end = "turn.retrying" if kind in RETRYABLE else "turn.failed"
        assert story.kinds()[-1 if kind in RETRYABLE else -2] == end


def test_a_terminal_failure_fails_the_turn_and_the_session_lives() -> None:
    story = running().step_ends(terminal())
    failed = story.last("turn.failed")
    assert failed["error"] == {"code": "authentication", "message": "It failed."}
    assert story.says("n").turns == [("m",), ("n",)]


def test_a_terminal_failure_keeps_what_was_shown() -> None:
    story = running().step_ends(terminal(shown=3))
    assert story.running == SettleAnswer(turn=1, step=1, message_id="a-1.1", status="failed")
    story.keeps("Hel", "failed")
    said = story.shell.state.transcript.messages[-1]
    assert (said.content, said.status) == ("Hel", "failed")
    assert story.last("turn.failed")["error"]["code"] == "authentication"


def test_the_end_of_all_retries_keeps_what_was_shown() -> None:
    story = Story(retries=RetrySchedule(total=5)).says("m")
    assert waits_of(story, shown=3) == [5]
    assert isinstance(story.running, SettleAnswer)
    assert story.keeps("Hel", "failed").last("turn.failed")["error"]["code"] == "overloaded"


def test_a_failure_is_a_failure_although_a_stop_was_asked_for_meanwhile() -> None:
    story = running().stops().step_ends(terminal())
    assert story.last("turn.failed")["error"]["code"] == "authentication"


def test_a_session_that_closes_meanwhile_fails_its_turn_and_ends() -> None:
    story = running().closes().step_ends(terminal())
    assert story.last("turn.failed")
    assert story.ended == "user_ended"


def test_what_waits_goes_on_after_a_failed_turn() -> None:
    story = running().queues("q").step_ends(terminal())
    assert story.turns == [("m",), ("q",)]


def test_a_step_that_vanished_is_tried_again() -> None:
    story = running().step_ends(Vanished())
    assert story.last("turn.retrying")["reason"] == "timeout"
    assert story.passes(5).turn.status is StepStatus.RUNNING


@pytest.mark.parametrize("fault", list(StoreFault))
def test_a_step_that_missed_the_projection_is_called_again_at_once(fault: StoreFault) -> None:
    story = running().step_ends(fault)
    assert story.turn.status is StepStatus.RUNNING
    assert [call.attempt for call in story.shell.calls] == [1, 2]
    assert not story.seen("turn.retrying")


def test_the_waits_of_one_turn_do_not_shorten_those_of_the_next() -> None:
    story = running().step_ends(failure()).passes(5).answers().says("n").step_ends(failure())
    assert story.last("turn.retrying")["next_retry_at"] == "2026-11-20T12:00:10.000Z"
