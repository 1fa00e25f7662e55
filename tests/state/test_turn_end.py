"""A step says its turn's end with its last word, before the workflow knows: what becomes of that."""

from typing import Any

import pytest

from tests.state.builders import complete, failure, kept, message, update
from tests.state.shell import Happenings
from tests.state.story import Story
from tests.state.viewer import Viewer
from workflows.contract.commands import Pause, StoreLost, WithdrawMessage
from workflows.contract.events import EpochStarted
from workflows.contract.session import Status, Usage
from workflows.state.view import session_view

END = ["turn.completed", "session.status_changed"]
NOTHING = WithdrawMessage(message_id="never-sent", write_id="w1")
LIMITS = {"idle_timeout": 300, "max_duration": 3600}


def running(**more: Any) -> Story:
    story = Story(LIMITS, **more).says("first")
    story.passes(3)
    return story


def said(story: Story, text: str = "Hello.") -> bool:
    """Let the step say its last word; whether it could say its turn's end, too."""
    return story.shell.step_says(complete(text)).turn_ended


def test_viewers_see_the_end_before_the_workflow_knows() -> None:
    story = running()
    assert said(story)
    assert story.kinds()[-2:] == END
    assert story.shell.store.session["status"] == "idle"
    assert story.status is Status.ACTIVE


def test_the_workflow_says_nothing_of_it_again() -> None:
    story = running()
    said(story)
    before = story.kinds()
    published = story.shell.store.base
    story.answers()
    assert story.kinds() == before
    assert story.shell.store.base == published
    assert story.shell.flight is None
    assert story.status is Status.IDLE


@pytest.mark.parametrize("text", ["Hello.", ""])
def test_it_says_what_the_workflow_would_have_said(text: str) -> None:
    story = running().answers("One.").says("second").step_ends(failure()).passes(5)
    story.passes(2)
    said(story, text)
    story.shell.task(Happenings(step_end=complete(text)))
    state, store = story.shell.state, story.shell.store
    assert store.session == session_view(state, story.shell.now).fields()
    assert [store.messages[index] for index in sorted(store.messages)] == list(state.transcript.messages)
    assert story.last("turn.completed") == {
        "type": "turn.completed",
        "session_id": "s1",
        "at": story.last("session.status_changed")["at"],
        "turn": 2,
        "reason": "completed",
        "usage": Usage(input_tokens=10, output_tokens=20, cached_tokens=1).model_dump(),
    }


@pytest.mark.parametrize(
    "asked",
    [message("second"), update(title="T"), NOTHING, Pause()],
    ids=["message", "change", "a request without effect", "pause"],
)
def test_where_the_workflow_said_something_meanwhile_it_says_the_end_itself(asked: Any) -> None:
    story = running().hears(asked)
    assert not said(story)
    assert "turn.completed" not in story.kinds()
    story.answers()
    assert story.kinds().count("turn.completed") == 1
    assert story.shell.store.session["turn"] == (
        story.shell.state.turn and story.turn.view().model_dump(mode="json")
    )


def test_what_is_asked_behind_the_end_does_not_bring_the_turn_back() -> None:
    story = running()
    said(story)
    story.hears(update(title="T"))
    session = story.shell.store.session
    assert (session["title"], session["status"], session["turn"]) == ("T", "idle", None)
    assert session["idle_at"] is not None
    story.answers()
    assert (
        session_view(story.shell.state, story.shell.now).fields().items()
        >= {name: story.shell.store.session[name] for name in ("title", "status", "turn", "usage")}.items()
    )


def test_a_message_that_comes_behind_the_end_starts_the_next_turn() -> None:
    story = running()
    said(story)
    story.says("second")
    assert story.kinds()[-3:] == [*END, "message.accepted"]
    story.answers()
    assert story.turns == [("first",), ("second",)]
    assert story.kinds()[-2:] == ["turn.started", "session.status_changed"]
    story.answers()
    assert story.kinds().count("turn.completed") == 2


def test_a_step_that_is_settled_after_it_said_the_end_has_said_it_once() -> None:
    story = running()
    said(story)
    story.stops().answers()
    assert story.kinds().count("turn.completed") == 1
    assert not story.seen("reset")


def test_after_a_store_that_forgot_what_a_step_said_everything_begins_anew() -> None:
    story = running().answers().says("second")
    story.shell.store.log = [
        entry for entry in story.shell.store.log if entry.name not in story.shell.store.said
    ]
    story.shell.store.said = set()
    story.shell.task(Happenings(commands=(update(title="T"),)))
    while story.shell.flight is not None:
        story.shell.task(Happenings(publication="arrived"))
    assert story.kinds()[0] == "reset"


def test_a_turn_that_is_stopped_is_ended_by_the_workflow() -> None:
    story = running().stops()
    assert not story.shell.step_says(kept()).turn_ended
    story.keeps()
    assert story.last("turn.stopped")["reason"] == "stopped"


@pytest.mark.parametrize("text", ["Hello.", ""])
def test_an_answer_in_a_log_that_was_given_up_meanwhile_reaches_viewers_with_a_reset(text: str) -> None:
    story = running()
    said(story, text)
    lost = StoreLost(epoch=story.shell.state.epoch)
    story.shell.task(Happenings(commands=(lost,)))
    story.shell.task(Happenings(step_end=complete(text)))
    resets = [event for event in story.shell.recorded if isinstance(event, EpochStarted)]
    assert len(resets) == 1 + bool(text)
    viewer = Viewer()
    viewer.look(story.shell.store)
    assert viewer.held.running_turn is None
    if text:
        assert viewer.held.messages["a-1.1"].text == text
