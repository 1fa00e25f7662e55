"""What a session takes, what it refuses, and why."""

from typing import Any

import pytest

from tests.state.builders import message, profile
from tests.state.story import Story
from workflows.contract.commands import Cancel, Malformed
from workflows.contract.errors import ErrorCode
from workflows.contract.profile import Effort
from workflows.state.evolving import messages
from workflows.state.queue import MAX_WAITING_BYTES
from workflows.state.session_state import REMEMBERED_IDS


def malformed(message_id: str, about: str = "send_message") -> Malformed:
    return Malformed(about=about, message_id=message_id, problem="content: too short")


def rejections(story: Story) -> list[tuple[str, str]]:
    return [(event["message_id"], event["reason"]) for event in story.seen("message.rejected")]


def test_the_same_message_again_is_the_same_message() -> None:
    story = Story().says("m").says("m", content="another text").answers().says("m")
    assert [event["content"] for event in story.seen("message.accepted")] == ["text of m"]
    assert story.turns == [("m",)]
    assert story.shell.state.message_count == 1


def test_the_same_message_again_has_taken_effect_already() -> None:
    story = Story().says("m").answers()
    story.shell.store.writes.clear()
    assert story.says("m").shell.store.writes == {"m"}


def test_ids_are_remembered_for_the_last_thousand_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert REMEMBERED_IDS == 1_000
    monkeypatch.setattr(messages, "REMEMBERED_IDS", 20)
    story = Story().pauses()
    for number in range(21):
        story.says(f"m{number}", content="x").withdraws(f"m{number}")
    story.says("m1", content="x").says("m0", content="x")
    assert story.waiting == ("m0",)


def test_a_message_that_still_waits_is_the_same_message_however_old_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "REMEMBERED_IDS", 20)
    story = Story().pauses().says("m0", content="x")
    for number in range(1, 21):
        story.says(f"m{number}", content="x").withdraws(f"m{number}")
    story.says("m0", content="again")
    assert story.waiting == ("m0",)
    assert len(story.seen("message.accepted", message_id="m0")) == 1


def test_an_unknown_agent_is_refused() -> None:
    story = Story(of=profile("guide", "critic")).says("m", agent="nobody").says("n", agent="critic")
    assert rejections(story) == [("m", "invalid_request")]
    assert story.last("turn.started")["agent"] == "critic"


def test_without_an_agent_a_message_goes_to_the_first() -> None:
    story = Story(of=profile("guide", "critic")).says("m")
    assert story.last("message.accepted")["agent"] == "guide"


def test_settings_that_the_profile_does_not_allow_are_refused() -> None:
    story = Story(of=profile(settings=())).says("m", settings={"effort": "low"}).says("n")
    assert rejections(story) == [("m", "invalid_request")]
    story.changes(title="T", settings={"effort": "low"})
    assert not story.seen("session.updated")


@pytest.mark.parametrize(
    ("of_profile", "of_session", "of_message", "used"),
    [
        (None, None, None, Effort.HIGH),
        ("low", None, None, Effort.LOW),
        ("low", "medium", None, Effort.MEDIUM),
        ("low", "medium", "none", Effort.NONE),
        (None, None, "max", Effort.MAX),
    ],
)
def test_the_effort_is_the_messages_else_the_sessions_else_the_profiles_else_high(
    of_profile: Any, of_session: Any, of_message: Any, used: Effort
) -> None:
    story = Story(of=profile(effort=Effort(of_profile) if of_profile else None))
    story.changes(settings={"effort": of_session}).says("m", settings={"effort": of_message})
    assert story.shell.calls[0].call.effort is used


@pytest.mark.parametrize(("reasoning", "name", "used"), [(False, None, None), (None, "gpt-4.1", None)])
def test_effort_is_passed_only_to_models_that_take_it(reasoning: Any, name: Any, used: Any) -> None:
    story = Story(of=profile(reasoning=reasoning, name=name)).says("m", settings={"effort": "low"})
    assert story.shell.calls[0].call.effort is used


def test_the_queue_takes_a_quarter_of_a_mebibyte() -> None:
    story = Story().pauses()
    large = "é" * 32_768
    story.says("m1", "m2", "m3", content=large)
    assert rejections(story) == []
    story.says("m4", content=large)
    assert rejections(story) == [("m4", "queue_full")]
    assert len(story.waiting) == 3
    story.says("small")
    assert len(story.waiting) == 4


def test_a_refused_message_may_be_sent_again_once_there_is_room() -> None:
    story = Story().pauses().says("m1", "m2", "m3", "m4", content="é" * 32_768)
    story.withdraws("m1").says("m4")
    assert "m4" in story.waiting


def test_many_small_messages_do_not_outgrow_the_state() -> None:
    story = Story().pauses()
    story.hears(*(message(f"m{number}", content="x") for number in range(1_500)))
    assert rejections(story)[-1] == ("m1499", "queue_full")
    assert len(story.shell.state.queue.model_dump_json()) <= MAX_WAITING_BYTES * 1.1


@pytest.mark.parametrize("text", ["\x00" * 32_768, "😀" * 32_768])
def test_the_longest_message_has_room_in_an_empty_queue(text: str) -> None:
    assert Story().says("m", content=text).turns == [("m",)]


def test_what_escapes_to_more_bytes_takes_more_room() -> None:
    story = Story().pauses().says("m1", "m2", content="\x00" * 32_768)
    assert rejections(story) == [("m2", "queue_full")]


def test_after_the_last_message_the_next_is_refused() -> None:
    story = Story({"max_messages": 1}).says("m1").says("m2")
    assert rejections(story) == [("m2", "max_messages")]


def test_a_session_that_ends_refuses_messages() -> None:
    story = Story().says("m1").closes().says("m2")
    assert rejections(story) == [("m2", "session_closed")]


def test_a_malformed_message_is_recorded_as_rejected_and_changes_nothing_else() -> None:
    story = Story().hears(malformed("m"))
    assert rejections(story) == [("m", "invalid_request")]
    assert story.shell.state.message_count == 0
    assert story.says("m").turns == [("m",)]


@pytest.mark.parametrize("about", ["pause", "close", "update_session", "withdraw_message", "stop_turn"])
def test_any_other_malformed_signal_is_ignored(about: str) -> None:
    story = Story().says("m").hears(malformed("x", about))
    assert rejections(story) == []
    assert story.status == "active"


def test_a_malformed_message_does_not_take_away_the_one_that_waits_under_its_id() -> None:
    story = Story().says("first").says("m").hears(malformed("m"))
    assert story.waiting == ("m",)
    assert rejections(story) == []


def test_a_malformed_message_does_not_reject_the_one_that_was_used_under_its_id() -> None:
    story = Story().says("m").hears(malformed("m"))
    assert rejections(story) == []


def test_a_closed_session_takes_nothing() -> None:
    story = Story().closes()
    before = story.shell.state
    story.says("m").pauses().stops().changes(title="T").hears(Cancel(), malformed("x"))
    assert story.shell.state == before
    assert story.ended == "user_ended"


def test_title_metadata_limits_and_settings_can_be_changed() -> None:
    story = Story({"idle_timeout": 10}, title="Old", metadata={"a": 1, "b": {"c": 1}})
    story.changes(
        title="New",
        metadata={"b": {"d": 2}, "e": None},
        limits={"idle_timeout": None, "max_messages": 3},
        settings={"effort": "low"},
    )
    session = story.last("session.updated")["session"]
    assert session["title"] == "New"
    assert session["metadata"] == {"a": 1, "b": {"d": 2}, "e": None}
    assert session["limits"] == {"idle_timeout": None, "max_duration": None, "max_messages": 3}
    assert session["settings"] == {"effort": "low"}


def test_what_a_change_leaves_out_stays() -> None:
    story = Story({"idle_timeout": 10}, title="T", metadata={"a": 1}).changes(settings={"effort": "low"})
    story.changes(metadata={"b": 2})
    session = story.last("session.updated")["session"]
    assert (session["title"], session["metadata"]) == ("T", {"a": 1, "b": 2})
    assert session["limits"]["idle_timeout"] == 10
    assert session["settings"] == {"effort": "low"}


def test_null_takes_a_title_and_a_setting_back() -> None:
    story = Story(title="T").changes(settings={"effort": "low"})
    story.changes(title=None, settings={"effort": None})
    session = story.last("session.updated")["session"]
    assert (session["title"], session["settings"]) == (None, {"effort": None})


def test_merged_metadata_stays_small() -> None:
    story = Story(metadata={"a": "x" * 10_000}).changes(metadata={"b": "x" * 10_000})
    assert not story.seen("session.updated")
    assert story.changes(metadata={"a": None, "b": "x" * 10_000}).seen("session.updated")


def test_refusals_are_told_by_code() -> None:
    assert {code for _, code in rejections(Story({"max_messages": 1}).says("a").says("b"))} <= set(ErrorCode)
