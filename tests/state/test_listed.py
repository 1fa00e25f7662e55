"""What the engine's list says of a session: turns that last."""

from datetime import timedelta

import pytest

from tests.state.story import Story
from workflows.contract.session import Status
from workflows.state.listed import listed_status

TWO_SECONDS = timedelta(seconds=2)


def listed(story: Story) -> Status:
    return listed_status(story.shell.state, story.shell.now, TWO_SECONDS)


def after_a_turn_of(seconds: float) -> Story:
    story = Story().says("first")
    story.passes(seconds)
    return story.answers()


def test_a_first_turn_is_listed_at_once_because_nobody_knows_how_long_it_will_be() -> None:
    assert listed(Story()) is Status.IDLE
    assert listed(Story().says("first")) is Status.ACTIVE


def test_a_turn_after_a_long_one_is_listed_at_once() -> None:
    assert listed(after_a_turn_of(2).says("second")) is Status.ACTIVE


def test_a_turn_after_a_short_one_is_listed_when_it_lasts() -> None:
    story = after_a_turn_of(1.999).says("second")
    assert listed(story) is Status.IDLE
    assert listed(story.passes(1.9)) is Status.IDLE
    assert listed(story.passes(0.1)) is Status.ACTIVE
    assert listed(story.answers()) is Status.IDLE


@pytest.mark.parametrize("seconds", [0, 10])
def test_every_other_status_is_listed_at_once(seconds: float) -> None:
    assert listed(after_a_turn_of(seconds)) is Status.IDLE
    assert listed(after_a_turn_of(seconds).pauses()) is Status.PAUSED
    assert listed(after_a_turn_of(seconds).closes()) is Status.CLOSED
