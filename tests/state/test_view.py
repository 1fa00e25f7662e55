"""The session object that clients see, and the card that an operator reads."""

from typing import Any

import pytest

from tests.state.builders import after, failure
from tests.state.story import Story
from workflows.contract.session import SessionView
from workflows.state.view import EXCERPT, card, session_view


def session(story: Story) -> dict[str, Any]:
    return session_view(story.shell.state, story.shell.now).fields()


def text_of_card(story: Story) -> str:
    return card(story.shell.state, story.shell.now)


def test_an_idle_session() -> None:
    story = Story(user_id="ada", title="T", metadata={"a": [1]}).says("m").passes(3).answers(tokens=5)
    assert session(story) == {
        "session_id": "s1",
        "session_key": "SESSION-001",
        "profile": "chat",
        "title": "T",
        "user_id": "ada",
        "status": "idle",
        "end_reason": None,
        "phase": None,
        "voice_state": None,
        "limits": {"idle_timeout": None, "max_duration": None, "max_messages": None},
        "message_count": 1,
        "queued": 0,
        "queue": [],
        "turn": None,
        "usage": {"input_tokens": 5, "output_tokens": 10, "cached_tokens": 1},
        "created_at": "2026-11-20T12:00:00.000Z",
        "updated_at": "2026-11-20T12:00:03.000Z",
        "last_activity_at": "2026-11-20T12:00:03.000Z",
        "idle_at": None,
        "ends_at": None,
        "active_seconds": 3,
        "metadata": {"a": [1]},
        "settings": {"effort": None},
        "workflow_id": "session-s1",
    }


def test_a_running_turn_shows_its_number_agent_attempt_and_start() -> None:
    story = Story().says("m").step_ends(failure()).passes(5)
    assert session(story)["turn"] == {
        "number": 1,
        "agent": "assistant",
        "attempt": 2,
        "started_at": "2026-11-20T12:00:00.000Z",
    }


def test_the_queue_is_shown_in_the_order_of_its_use() -> None:
    story = Story().says("m").queues("q").says("s").interrupts("i")
    assert [m["message_id"] for m in session(story)["queue"]] == ["i", "s", "q"]
    assert session(story)["queued"] == 3


def test_a_closed_session_tells_why_and_when_its_clocks_stopped() -> None:
    story = Story({"idle_timeout": 300, "max_duration": 3600}).passes(10).closes()
    story.shell.pass_time(1_000)
    found = session(story)
    assert (found["status"], found["end_reason"]) == ("closed", "user_ended")
    assert (found["idle_at"], found["ends_at"]) == (None, None)
    assert found["active_seconds"] == 10


def test_a_session_that_is_ending_has_no_end_reason_yet() -> None:
    story = Story().says("m").closes()
    assert (session(story)["status"], session(story)["end_reason"]) == ("active", None)


def test_the_fields_are_those_of_the_contract() -> None:
    assert list(session(Story())) == list(SessionView.model_fields)


def test_the_card_tells_what_an_operator_asks_first() -> None:
    story = Story({"idle_timeout": 300}, title="A title").says("m", content="Hi\nthere").answers("Hello.")
    text = text_of_card(story)
    for words in (
        "### A title",
        "SESSION-001",
        "**idle**",
        "1 turns",
        "messages 1",
        "> Hi\n> there",
        "Hello.",
    ):
        assert words in text
    assert after(300).strftime("idle timeout at %Y-%m-%dT%H:%M:%S.000Z") in text


def test_the_card_of_a_turn_and_of_an_end() -> None:
    story = Story({"max_duration": 60}).says("m")
    assert "turn 1 · assistant · step 1 · attempt 1" in text_of_card(story)
    assert "ends at 2026-11-20T12:01:00.000Z" in text_of_card(story)
    assert "ended: user_ended" in text_of_card(story.closes().keeps())


@pytest.mark.parametrize("text", ["", "x" * (EXCERPT + 1), "\r\n\r\n", "\u2028", "# not a heading\n---\n```"])
def test_no_text_breaks_the_card(text: str) -> None:
    story = Story(title="one\ntwo").says("m").answers(text)
    assert "### one two" in text_of_card(story)
    assert len(text_of_card(story)) < 2 * EXCERPT + 500
