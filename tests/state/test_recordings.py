"""What a session does with what people say into a microphone: recordings that wait, and what they become."""

from typing import Any

import pytest

from tests.state.builders import guided, profile
from tests.state.story import Story
from workflows.contract.commands import MAX_CONTENT, Malformed, SendRecording
from workflows.contract.session import Delivery
from workflows.state.intake import read_command
from workflows.state.recordings import MAX_WAITING


def rejections(story: Story) -> list[tuple[str, str]]:
    return [(event["message_id"], event["reason"]) for event in story.seen("message.rejected")]


def accepted(story: Story) -> list[tuple[str, str]]:
    return [(event["message_id"], event["content"]) for event in story.seen("message.accepted")]


def transcribing(story: Story) -> str | None:
    return story.shell.transcribing.given.audio_id if story.shell.transcribing else None


def test_a_recording_becomes_a_message() -> None:
    story = Story().records("r")
    assert (accepted(story), story.turns, transcribing(story)) == ([], [], "audio-r")
    story.hears_say("It rains.").answers()
    assert accepted(story) == [("r", "It rains.")]
    assert story.turns == [("r",)]
    assert transcribing(story) is None
    assert [m.content for m in story.shell.state.transcript.messages] == ["It rains.", "Hello."]


def test_it_is_a_message_in_every_way() -> None:
    story = Story(of=profile("guide", "critic")).says("m")
    story.records("r", agent="critic", delivery=Delivery.INTERRUPT, settings={"effort": "low"})
    assert not story.cancelled
    story.hears_say()
    assert story.cancelled
    event = story.last("message.accepted")
    assert (event["agent"], event["delivery"], event["position"]) == ("critic", "interrupt", 1)
    story.keeps()
    assert story.turns == [("m",), ("r",)]
    assert story.turn.effort == "low"


def test_recordings_are_transcribed_one_at_a_time_in_their_order() -> None:
    story = Story().says("m").records("r1", "r2", "r3", delivery=Delivery.QUEUE)
    for number in (1, 2, 3):
        assert transcribing(story) == f"audio-r{number}"
        story.hears_say(f"number {number}")
    assert accepted(story)[1:] == [("r1", "number 1"), ("r2", "number 2"), ("r3", "number 3")]


def test_what_is_typed_meanwhile_does_not_wait() -> None:
    story = Story().records("r").says("m").answers()
    assert story.turns == [("m",)]
    assert transcribing(story) == "audio-r"


def test_the_same_recording_again_is_the_same_message() -> None:
    story = Story().records("r").records("r", audio_id="another").says("r")
    story.hears_say().records("r").says("r")
    assert transcribing(story) is None
    assert accepted(story) == [("r", "It rains.")]
    assert story.shell.state.message_count == 1


def test_a_write_has_taken_effect_when_the_recording_is_a_message() -> None:
    story = Story().records("r").records("r")
    assert "r" not in story.shell.store.writes
    assert "r" in story.hears_say().shell.store.writes


def test_a_write_has_taken_effect_when_the_recording_is_rejected() -> None:
    assert "r" in Story().records("r").cannot_hear().shell.store.writes
    assert "r" in Story().records("r").withdraws("r").shell.store.writes
    assert "r" in Story().records("r", agent="nobody").shell.store.writes


def test_a_recording_that_nobody_understands_is_rejected_and_the_session_lives() -> None:
    story = Story().records("r1", "r2", "r3", "r4")
    story.cannot_hear().hears_say("").hears_say("x" * (MAX_CONTENT + 1)).hears_say("At last.")
    assert rejections(story) == [
        ("r1", "transcription_failed"),
        ("r2", "nothing_said"),
        ("r3", "transcription_failed"),
    ]
    assert story.turns == [("r4",)]


def test_a_rejected_recording_may_be_sent_again() -> None:
    story = Story().records("r").cannot_hear().records("r").hears_say()
    assert accepted(story) == [("r", "It rains.")]


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"agent": "nobody"}, "invalid_request"), ({"settings": {"pace": "slower"}}, "invalid_request")],
)
def test_a_recording_is_refused_as_a_message_is(more: dict[str, Any], reason: str) -> None:
    story = Story().records("r", **more)
    assert rejections(story) == [("r", reason)]
    assert transcribing(story) is None


def test_only_so_many_wait() -> None:
    story = Story().records(*(f"r{number}" for number in range(MAX_WAITING + 1)))
    assert rejections(story) == [(f"r{MAX_WAITING}", "queue_full")]


def test_waiting_recordings_count_for_the_limit_of_messages() -> None:
    story = Story({"max_messages": 2}).records("r1", "r2", "r3")
    assert rejections(story) == [("r3", "max_messages")]
    story.hears_say("one").hears_say("two").answers().answers()
    assert story.last("session.ended")["reason"] == "max_messages"
    assert story.shell.state.message_count == 2


def test_a_typed_message_may_be_the_last_one() -> None:
    story = Story({"max_messages": 2}).records("r1", "r2").hears_say("one").says("m")
    assert transcribing(story) == "audio-r2"
    story.hears_say("two").answers().answers()
    assert rejections(story) == [("r2", "max_messages")]


def test_a_recording_that_can_be_no_message_is_not_transcribed() -> None:
    story = Story({"max_messages": 3}).records("r1", "r2").changes(limits={"max_messages": 1})
    story.hears_say("one")
    assert transcribing(story) is None
    story.changes(limits={"max_messages": 2})
    assert transcribing(story) == "audio-r2"


def test_nobody_is_idle_while_a_recording_waits() -> None:
    story = Story({"idle_timeout": 10}).records("r").passes(1_000)
    assert story.kinds()[-1] == "session.started"
    assert story.shell.deadline is None
    story.cannot_hear().passes(9)
    assert "session.ended" not in story.kinds()
    assert story.passes(2).last("session.ended")["reason"] == "idle_timeout"


def test_the_longest_duration_ends_a_session_whatever_waits() -> None:
    story = Story({"max_duration": 60}).records("r").passes(61)
    assert rejections(story) == [("r", "session_closed")]
    assert story.last("session.ended")["reason"] == "max_duration"


def test_a_session_that_ends_rejects_what_waits_before() -> None:
    story = Story().says("m").queues("q").records("r1", "r2").closes().keeps()
    assert rejections(story) == [("q", "session_closed"), ("r1", "session_closed"), ("r2", "session_closed")]
    assert story.kinds()[-1] == "session.ended"


def test_a_transcript_that_comes_while_the_session_ends_is_rejected() -> None:
    story = Story().says("m").records("r").closes().hears_say().keeps()
    assert rejections(story) == [("r", "session_closed")]


def test_a_closing_session_takes_no_recording() -> None:
    story = Story().says("m").closes().records("r").keeps()
    assert rejections(story) == [("r", "session_closed")]


def test_a_waiting_recording_can_be_withdrawn_for_good() -> None:
    story = Story().records("r1", "r2").withdraws("r1")
    assert rejections(story) == [("r1", "withdrawn")]
    assert transcribing(story) == "audio-r2"
    story.records("r1").says("r1").hears_say()
    assert accepted(story) == [("r2", "It rains.")]
    assert transcribing(story) is None


def test_recordings_are_transcribed_during_a_pause() -> None:
    story = Story().pauses().records("r").hears_say()
    assert (accepted(story), story.turns) == ([("r", "It rains.")], [])
    assert story.resumes().turns == [("r",)]


def test_a_plan_is_not_over_while_a_recording_waits() -> None:
    story = Story(of=guided("settling")).records("r")
    while story.shell.attempt is not None:
        story.answers("One. Two.")
    assert "session.ended" not in story.kinds()
    story.hears_say()
    assert story.turns[-1] == ("r",)


@pytest.mark.parametrize(("language", "told"), [("de", "de"), ("en", None)])
def test_a_language_that_a_profile_names_is_told(language: str, told: str | None) -> None:
    story = Story(of=profile().model_copy(update={"language": language})).records("r")
    assert story.shell.transcribing is not None
    assert story.shell.transcribing.given.language == told


def test_a_signal_is_a_recording() -> None:
    read = read_command("send_recording", {"audio_id": "x"}, lambda: "m-fresh")
    assert read == SendRecording(audio_id="x", message_id="m-fresh")


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({}, "audio_id"),
        ({"audio_id": "../x"}, "audio_id"),
        ({"audio_id": "x" * 65}, "audio_id"),
        ({"audio_id": "x", "content": "hi"}, "content"),
        ({"audio_id": "x", "message_id": "a-1.1"}, "message_id"),
    ],
)
def test_a_malformed_recording_is_rejected(payload: dict[str, Any], place: str) -> None:
    command = read_command("send_recording", payload, lambda: "m-fresh")
    assert isinstance(command, Malformed)
    assert command.problem.startswith(place)
    story = Story().hears(command)
    assert rejections(story) == [("m-fresh", "invalid_request")]
