"""What the model is shown: chains of stored responses, and the budget of the working transcript."""

import pytest

from tests.state.builders import NOON, complete, failure, profile, terminal
from tests.state.story import Story
from workflows.contract.model_call import ModelCall
from workflows.contract.profile import CallMode
from workflows.contract.session import TranscriptMessage
from workflows.state.transcript import BUDGET, KEPT_WHEN_OVER, Transcript


def last_call(story: Story) -> ModelCall:
    return story.shell.calls[-1].call


def seen(story: Story) -> list[str]:
    """What the last call sends beside the stored response."""
    call, transcript = last_call(story), story.shell.state.transcript
    assert call.seen_to == transcript.end
    return [m.content for m in transcript.since(call.seen_from) if m.agent == call.agent]


def said(number: int, size: int = 1, turn: int = 1) -> TranscriptMessage:
    return TranscriptMessage(
        message_id=f"m{number}",
        role="user",
        agent="assistant",
        content="x" * size,
        turn=turn,
        created_at=NOON,
    )


# ---- chains ------------------------------------------------------------------------------------------


def test_the_first_call_sends_the_first_message() -> None:
    story = Story().says("m1", content="one")
    assert last_call(story).previous_response_id is None
    assert seen(story) == ["one"]


def test_after_a_complete_answer_only_what_is_new_is_sent() -> None:
    story = Story().says("m1").answers(response_id="r1").says("m2", content="two")
    assert last_call(story).previous_response_id == "r1"
    assert seen(story) == ["two"]


def test_after_a_stop_what_the_stored_response_lacks_is_sent() -> None:
    story = Story().says("m1", content="one").answers(response_id="r1")
    story.says("m2", content="two").stops().keeps("Hel").says("m3", content="three")
    assert last_call(story).previous_response_id == "r1"
    assert seen(story) == ["two", "Hel", "three"]


def test_after_a_first_turn_that_was_stopped_the_transcript_is_sent() -> None:
    story = Story().says("m1", content="one").stops().keeps("Hel").says("m2", content="two")
    assert last_call(story).previous_response_id is None
    assert seen(story) == ["one", "Hel", "two"]


def test_a_response_that_was_stopped_never_starts_a_chain() -> None:
    story = Story().says("m1", content="one").stops()
    story.step_ends(complete("Hel", "r1").model_copy(update={"outcome": "stopped"}))
    story.says("m2", content="two")
    assert last_call(story).previous_response_id is None


@pytest.mark.parametrize("text", ["", "Hel"])
def test_after_a_failed_turn_its_message_is_sent_again(text: str) -> None:
    story = Story().says("m1", content="one").answers(response_id="r1").says("m2", content="two")
    if text:
        story.step_ends(terminal(shown=3)).keeps(text, "failed")
    else:
        story.step_ends(terminal())
    story.says("m3", content="three")
    assert last_call(story).previous_response_id == "r1"
    assert seen(story) == ["two", *([text] if text else []), "three"]


def test_a_retry_sends_the_same_again() -> None:
    story = Story().says("m1", content="one").step_ends(failure()).passes(5)
    assert seen(story) == ["one"]


def test_a_retry_sends_what_joined_it_too() -> None:
    story = Story().says("m1", content="one").step_ends(failure()).says("m2", content="two").passes(5)
    assert seen(story) == ["one", "two"]


def test_an_answer_without_a_text_continues_the_chain() -> None:
    story = Story().says("m1").answers("", response_id="r1").says("m2", content="two")
    assert last_call(story).previous_response_id == "r1"
    assert seen(story) == ["two"]


def test_a_provider_that_stores_nothing_is_sent_the_transcript() -> None:
    story = Story(of=profile(mode=CallMode.STATELESS)).says("m1", content="one")
    story.answers("Hello.", response_id=None).says("m2", content="two")
    assert last_call(story).previous_response_id is None
    assert seen(story) == ["one", "Hello.", "two"]


def test_a_stateless_profile_never_refers_to_a_response() -> None:
    story = Story(of=profile(mode=CallMode.STATELESS)).says("m1").answers(response_id="r1").says("m2")
    assert last_call(story).previous_response_id is None


def test_every_agent_has_a_chain_of_its_own() -> None:
    story = Story(of=profile("guide", "critic")).says("m1", content="one").answers("G1", response_id="g1")
    story.says("m2", content="two", agent="critic")
    assert last_call(story).previous_response_id is None
    assert seen(story) == ["two"]
    story.answers("C1", response_id="c1").says("m3", content="three")
    assert last_call(story).previous_response_id == "g1"
    assert seen(story) == ["three"]


def test_a_call_says_which_agent_with_which_words_and_which_model() -> None:
    call = last_call(Story(of=profile("guide", max_output_tokens=100)).says("m1"))
    assert (call.agent, call.instructions) == ("guide", "You are guide.")
    assert (call.model, call.mode, call.max_output_tokens) == ("perdure-offline", CallMode.PLAIN, 100)


# ---- budget ------------------------------------------------------------------------------------------


def test_over_budget_the_oldest_turns_leave_in_bulk() -> None:
    transcript = Transcript()
    for number in range(30):
        transcript = transcript.added(said(number, 20_000, turn=number))
        assert transcript.weight <= BUDGET
        assert len(transcript.model_dump_json()) <= BUDGET
    assert transcript.first > 0
    assert transcript.end == 30
    assert transcript.messages[-1].message_id == "m29"


def test_after_a_cut_there_is_room_for_some_time() -> None:
    transcript = Transcript(first=0)
    while transcript.first == 0:
        transcript = transcript.added(said(0, 1_000, turn=transcript.end))
    assert transcript.weight <= KEPT_WHEN_OVER


@pytest.mark.parametrize(("question", "answer"), [(32_000, 10), (10, 32_000), (20_000, 20_000)])
def test_after_a_cut_the_next_call_sends_what_is_left_and_starts_a_new_chain(
    question: int, answer: int
) -> None:
    story, first_seen = Story(), 0
    for number in range(30):
        story.says(f"m{number}", content="x" * question)
        call, transcript = last_call(story), story.shell.state.transcript
        if transcript.first == first_seen:
            assert call.previous_response_id == (f"r{number - 1}" if number else None)
        else:
            assert call.previous_response_id is None
            assert call.seen_from == call.floor == transcript.first
        first_seen = transcript.first
        story.answers("y" * answer, response_id=f"r{number}")
    assert first_seen > 0


def test_after_a_cut_chains_start_anew() -> None:
    story = Story()
    while story.shell.state.transcript.first == 0:
        story.says(f"m{story.shell.state.message_count}", content="x" * 30_000).answers("y" * 10_000)
    story.says("n1").answers(response_id="new").says("n2", content="two")
    assert last_call(story).previous_response_id == "new"
    assert seen(story) == ["two"]


def test_many_short_messages_do_not_outgrow_the_state() -> None:
    transcript = Transcript()
    for number in range(3_000):
        transcript = transcript.added(said(number, turn=number))
    assert len(transcript.model_dump_json()) <= BUDGET


def test_the_messages_of_a_turn_that_starts_are_all_seen() -> None:
    story = Story().says("old", content="x" * 30_000).answers().pauses()
    for number in range(7):
        story.says(f"m{number}", content="x" * 32_000)
    story.resumes()
    assert len(story.turns[-1]) == 7
    assert seen(story)[-7:] == ["x" * 32_000] * 7


def test_one_message_larger_than_the_budget_stays() -> None:
    transcript = Transcript().added(said(0)).added(said(1, BUDGET + 1, turn=2))
    assert [m.message_id for m in transcript.messages] == ["m1"]
    assert (transcript.first, transcript.end) == (1, 2)


@pytest.mark.parametrize(("index", "held"), [(0, ["m5", "m6"]), (5, ["m5", "m6"]), (6, ["m6"]), (7, [])])
def test_an_index_counts_from_the_first_message_of_the_session(index: int, held: list[str]) -> None:
    transcript = Transcript(first=5, messages=(said(5), said(6)))
    assert [m.message_id for m in transcript.since(index)] == held
    assert transcript.start_of(index) == max(index, 5)
