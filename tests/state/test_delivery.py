"""What a message does when a turn is running, and in which order waiting messages are used."""

from collections.abc import Callable

import pytest

from tests.state.builders import failure, profile, terminal
from tests.state.story import Story
from workflows.contract.errors import StoreFault
from workflows.contract.session import Status
from workflows.state.steps import SettleAnswer
from workflows.state.turn import StepStatus

Arrange = Callable[[], Story]


def idle() -> Story:
    return Story()


def running() -> Story:
    return Story().says("first")


def paused() -> Story:
    return Story().pauses()


def running_and_paused() -> Story:
    return running().pauses()


def retrying() -> Story:
    return running().step_ends(failure())


def with_each_waiting() -> Story:
    return running().queues("q").says("s").interrupts("i")


@pytest.mark.parametrize("delivery", ["steer", "queue", "interrupt"])
def test_in_an_idle_session_every_delivery_starts_a_turn_at_once(delivery: str) -> None:
    story = Story().says("m", delivery=delivery)
    assert story.turns == [("m",)]
    assert story.last("message.accepted")["position"] == 0
    assert story.status is Status.ACTIVE


@pytest.mark.parametrize(
    ("arrange", "delivery", "position"),
    [
        (idle, "steer", 0),
        (idle, "queue", 0),
        (idle, "interrupt", 0),
        (running, "steer", 1),
        (running, "queue", 1),
        (running, "interrupt", 1),
        (paused, "steer", 1),
        (running_and_paused, "queue", 1),
        (retrying, "steer", 1),
        (with_each_waiting, "interrupt", 2),
        (with_each_waiting, "steer", 3),
        (with_each_waiting, "queue", 4),
    ],
)
def test_the_position_says_what_goes_first(arrange: Arrange, delivery: str, position: int) -> None:
    story = arrange().says("m", delivery=delivery)
    assert story.last("message.accepted")["position"] == position


@pytest.mark.parametrize("delivery", ["steer", "queue"])
def test_while_a_turn_runs_a_message_waits_and_is_visible(delivery: str) -> None:
    story = running().says("m", delivery=delivery, content="é" * 300)
    assert story.waiting == ("m",)
    assert not story.cancelled
    assert story.shell.store.session["queued"] == 1
    assert story.shell.store.session["queue"] == [
        {"message_id": "m", "delivery": delivery, "agent": "assistant", "text": "é" * 200}
    ]


def test_an_interrupt_stops_the_running_turn() -> None:
    story = running().interrupts("i")
    assert story.cancelled
    assert story.turns == [("first",)]
    story.keeps("Hel")
    assert story.last("turn.stopped")["reason"] == "interrupted"
    assert story.turns == [("first",), ("i",)]


@pytest.mark.parametrize("outcome", ["complete", "stopped", "failed"])
def test_after_a_turn_the_interrupt_goes_first_then_all_steers_together_then_the_queue_one_by_one(
    outcome: str,
) -> None:
    story = running().queues("q1").says("s1").queues("q2").says("s2").interrupts("i1", "i2")
    story.keeps("Hel", outcome)
    for _ in range(4):
        story.answers()
    assert story.turns == [("first",), ("i1",), ("i2",), ("s1", "s2"), ("q1",), ("q2",)]


def test_steers_of_another_agent_start_a_turn_of_their_own() -> None:
    story = Story(of=profile("guide", "critic")).says("first")
    story.says("a", agent="critic").says("b").says("c", agent="critic")
    story.answers().answers()
    assert story.turns == [("first",), ("a", "c"), ("b",)]
    assert [event["agent"] for event in story.seen("turn.started")] == ["guide", "critic", "guide"]


def test_a_steer_joins_the_next_attempt_while_a_retry_waits_and_nothing_was_shown() -> None:
    story = retrying().says("s1", "s2").queues("q").passes(5)
    assert [event["message_id"] for event in story.seen("message.injected", turn=1)] == ["s1", "s2"]
    assert story.turn.message_ids == ("first", "s1", "s2")
    assert story.turn.status is StepStatus.RUNNING
    assert story.shell.calls[-1].call.seen_to == 3
    assert story.waiting == ("q",)


def test_an_attempt_that_a_steer_joined_is_a_step_of_its_own() -> None:
    """The provider may go on with what the last attempt asked, which knows nothing of the steer."""
    story = retrying().says("s").passes(5)
    call = story.shell.calls[-1]
    assert (call.step, call.attempt, call.message_id) == (2, 2, "a-1.2")
    story.step_ends(failure()).passes(10)
    call = story.shell.calls[-1]
    assert (call.step, call.attempt, call.message_id) == (2, 3, "a-1.2")
    story.says("t").step_ends(terminal(shown=3))
    assert story.running == SettleAnswer(turn=1, step=2, message_id="a-1.2", status="failed")
    story.keeps("Hel", "failed")
    assert "a-1.2" in [m.message_id for m in story.shell.state.transcript.messages]


def test_an_attempt_that_asks_the_same_again_belongs_to_the_same_step() -> None:
    story = retrying().queues("q").passes(5).step_ends(StoreFault.TRANSCRIPT_MISSING)
    assert [(call.step, call.attempt) for call in story.shell.calls] == [(1, 1), (1, 2), (1, 3)]


def test_a_steer_does_not_join_an_attempt_whose_message_was_shown_in_part() -> None:
    story = running().step_ends(failure(shown=3)).says("s").passes(5)
    assert story.turn.status is StepStatus.RUNNING
    assert not story.seen("message.injected")
    story.answers()
    assert story.turns == [("first",), ("s",)]


def test_a_steer_for_another_agent_does_not_join_the_next_attempt() -> None:
    story = Story(of=profile("guide", "critic")).says("first").step_ends(failure())
    story.says("s", agent="critic").passes(5)
    assert not story.seen("message.injected")


def test_a_queued_message_does_not_join_the_next_attempt() -> None:
    story = retrying().queues("q").passes(5)
    assert not story.seen("message.injected")
    assert story.waiting == ("q",)


def test_an_interrupt_ends_a_retry_wait() -> None:
    story = retrying().interrupts("i")
    assert story.last("turn.stopped")["reason"] == "interrupted"
    assert story.turns == [("first",), ("i",)]


def test_a_waiting_message_can_be_withdrawn() -> None:
    story = running().says("a", "b").withdraws("a")
    assert story.last("message.withdrawn")["message_id"] == "a"
    story.answers()
    assert story.turns == [("first",), ("b",)]


@pytest.mark.parametrize("message_id", ["first", "never-sent"])
def test_what_does_not_wait_cannot_be_withdrawn(message_id: str) -> None:
    story = running().says("a").withdraws(message_id)
    assert not story.seen("message.withdrawn")
    assert story.waiting == ("a",)


def test_a_withdrawn_message_sent_again_is_still_the_same_message() -> None:
    story = running().says("a").withdraws("a").says("a").answers()
    assert story.turns == [("first",)]
    assert len(story.seen("message.accepted", message_id="a")) == 1


def test_messages_wait_through_a_pause() -> None:
    story = Story().pauses().queues("q").says("s")
    assert story.turns == []
    story.resumes().answers()
    assert story.turns == [("s",), ("q",)]


def test_the_running_turn_finishes_during_a_pause_and_no_other_starts() -> None:
    story = running().pauses().says("s").answers()
    assert story.turns == [("first",)]
    assert story.status is Status.PAUSED
    assert story.waiting == ("s",)
