"""A guided session walks its plan: one turn a phase, and everything that a person or a clock may do to it."""

from typing import Any

import pytest

from tests.state.builders import THREE, complete, failure, guided, in_sentences, kept, terminal
from tests.state.story import Story
from workflows.contract.model_call import StepResult
from workflows.contract.session import EndReason, Status
from workflows.state.steps import CallModel


def told(sentences: int, *, cut: bool = False) -> StepResult:
    text = " ".join(f"Sentence {number}." for number in range(sentences))
    result = complete(text, response_id=None if cut else "resp-1")
    return in_sentences(result, sentences).model_copy(update={"cut": cut})


class Guided(Story):
    """Of three phases of eight sentences each, the last two to wind down."""

    def __init__(self, *names: str, limits: dict[str, Any] | None = None, **more: Any) -> None:
        super().__init__(limits, of=guided(*names, **more))

    def tells(self, sentences: int, *, cut: bool = False) -> "Guided":
        self.step_ends(told(sentences, cut=cut))
        return self

    def walks_a_phase(self) -> "Guided":
        return self.tells(6).tells(2)

    @property
    def call(self) -> CallModel:
        assert isinstance(self.running, CallModel)
        return self.running

    @property
    def most(self) -> int | None:
        assert self.call.sentences is not None
        return self.call.sentences.most

    @property
    def cue(self) -> str:
        assert self.call.call.cue is not None
        return self.call.call.cue

    @property
    def phase(self) -> str | None:
        return self.shell.state.phase.name if self.shell.state.phase else None


def test_the_session_speaks_without_being_asked() -> None:
    session = Guided()
    assert session.kinds()[:3] == ["session.started", "phase.started", "turn.started"]
    assert session.turns == [()]
    assert session.last("phase.started") | {"at": ""} == {
        "type": "phase.started",
        "session_id": "s1",
        "at": "",
        "phase": "settling",
        "index": 1,
        "of": 3,
        "budget": 8,
    }
    assert session.status is Status.ACTIVE
    assert session.most == 6
    assert session.call.call.instructions == "You are assistant.\n\nsettling before deepening."
    assert session.cue == "Phase 1 of 3, settling. Say 6 sentences, and no more."


def test_a_phase_is_one_turn_of_two_answers() -> None:
    session = Guided().tells(6)
    assert session.last("phase.winding_down")["sentences"] == 6
    assert (session.turn.number, session.turn.step, session.most) == (1, 2, 2)
    assert "lead over to what comes next" in session.cue
    session.tells(2)
    ended = [kind for kind in session.kinds() if kind.startswith(("turn.", "phase."))]
    assert ended[-4:] == ["turn.completed", "phase.completed", "phase.started", "turn.started"]
    assert session.last("phase.completed")["next"] == "deepening"
    assert (session.phase, session.turn.number, session.most) == ("deepening", 2, 6)


def test_the_whole_plan_ends_the_session() -> None:
    session = Guided().walks_a_phase().walks_a_phase().walks_a_phase()
    assert session.shell.state.ending is EndReason.COMPLETED
    assert session.last("session.ended")["reason"] == "completed"
    assert [event["phase"] for event in session.seen("phase.completed")] == list(THREE)
    assert session.last("phase.completed")["next"] is None
    assert session.shell.state.sentences == 24


def test_sentences_are_counted_through_the_whole_session() -> None:
    session = Guided().walks_a_phase().tells(6)
    assert session.call.sentences is not None
    assert session.call.sentences.first == 14
    assert session.call.sentences.phase == "deepening"


def test_one_chain_of_responses_goes_through_all_phases() -> None:
    session = Guided()
    assert session.call.call.previous_response_id is None
    session.step_ends(told(6).model_copy(update={"response_id": "resp-a"}))
    assert session.call.call.previous_response_id == "resp-a"
    session.step_ends(told(2).model_copy(update={"response_id": "resp-b"}))
    assert session.call.call.previous_response_id == "resp-b"
    assert (session.phase, session.call.call.seen_from) == ("deepening", session.call.call.seen_to)


def test_an_answer_that_was_cut_leaves_the_chain_before_it() -> None:
    session = Guided()
    session.step_ends(told(6).model_copy(update={"response_id": "resp-a"}))
    session.tells(2, cut=True)
    call = session.call.call
    assert (call.previous_response_id, call.seen_to - call.seen_from) == ("resp-a", 1)


@pytest.mark.parametrize("sentences", [0, 1, 3])
def test_a_model_that_has_said_all_early_is_not_made_to_go_on(sentences: int) -> None:
    session = Guided().tells(sentences)
    assert session.last("phase.winding_down")["sentences"] == sentences
    assert session.most == 8 - sentences
    assert session.tells(1).last("phase.completed")["sentences"] == sentences + 1


def test_a_budget_that_is_used_up_needs_no_winding_down() -> None:
    session = Guided(sentences=6)
    session.tells(6)
    assert session.phase == "deepening"
    assert len(session.seen("phase.winding_down")) == len(session.seen("phase.completed")) == 1


def test_the_clock_of_a_phase_cuts_its_main_part() -> None:
    session = Guided(duration=60)
    session.passes(59)
    assert not session.cancelled
    session.passes(2)
    assert session.seen("phase.winding_down")
    assert session.cancelled
    session.step_ends(in_sentences(kept("One. Two."), 2))
    assert (session.phase, session.turn.step, session.most) == ("settling", 2, 6)
    session.tells(3)
    assert session.phase == "deepening"
    session.passes(59)
    assert not session.cancelled
    session.passes(2)
    assert session.cancelled


def test_a_pause_stops_the_clock_of_a_phase() -> None:
    session = Guided(duration=60)
    session.passes(30)
    session.pauses().passes(100)
    assert not session.seen("phase.winding_down")
    session.resumes().passes(29)
    assert not session.seen("phase.winding_down")
    session.passes(2)
    assert session.seen("phase.winding_down")


def test_a_stop_ends_the_turn_and_the_phase_waits() -> None:
    session = Guided()
    session.stops()
    session.step_ends(in_sentences(kept("One. Two."), 2))
    assert session.last("turn.stopped")["reason"] == "stopped"
    assert (session.status, session.phase) == (Status.IDLE, "settling")
    session.resumes()
    assert (session.turn.number, session.most) == (2, 4)
    assert "Go on where you were." in session.cue


def test_a_message_after_a_stop_goes_on_with_the_phase() -> None:
    session = Guided()
    session.stops()
    session.step_ends(kept("", "stopped"))
    session.says("m1")
    assert session.turns == [(), ("m1",)]
    assert (session.phase, session.most) == ("settling", 6)
    assert len(session.seen("phase.started")) == 1


def test_what_a_person_says_meanwhile_is_heard_at_the_next_step() -> None:
    session = Guided()
    session.says("m1")
    assert session.waiting == ("m1",)
    session.tells(6)
    assert session.last("message.injected")["message_id"] == "m1"
    assert session.call.call.seen_to == 2
    session.says("m2").answers()
    assert session.turns[-1] == ("m2",)
    assert session.phase == "deepening"


def test_a_phase_that_is_skipped_winds_down_at_once() -> None:
    session = Guided()
    session.changes(settings={"skip_phase": "settling"})
    assert session.cancelled
    session.step_ends(in_sentences(kept("One."), 1))
    assert session.turn.step == 2
    session.tells(1)
    assert session.phase == "deepening"


def test_a_phase_that_is_skipped_before_it_began_is_left_out() -> None:
    session = Guided()
    session.says("m1", settings={"skip_phase": "deepening"})
    session.walks_a_phase()
    assert session.last("phase.completed")["next"] == "return"
    assert session.phase == "return"
    session.walks_a_phase()
    assert session.last("session.ended")["reason"] == "completed"


def test_a_phase_that_is_extended_gets_half_as_much_again() -> None:
    session = Guided()
    session.changes(settings={"extend_phase": "settling"})
    session.tells(6)
    assert not session.seen("phase.winding_down")
    assert session.most == 4
    session.changes(title="the same wish is one wish", settings={"extend_phase": "settling"})
    session.tells(4)
    assert session.last("phase.winding_down")["budget"] == 12
    assert session.most == 2


def test_the_pace_is_told_to_the_model_from_the_next_step_on() -> None:
    session = Guided()
    session.changes(settings={"pace": "slower"})
    session.tells(6)
    assert "go slower" in session.call.call.instructions


@pytest.mark.parametrize("name", ["skip_phase", "extend_phase"])
def test_a_wish_for_an_unknown_phase_is_refused(name: str) -> None:
    session = Guided()
    session.says("m1", settings={name: "lunch"})
    assert session.last("message.rejected")["reason"] == "invalid_request"


def test_both_steps_of_a_phase_may_be_tried_again() -> None:
    session = Guided().step_ends(failure()).passes(5)
    session = session.step_ends(told(6)).step_ends(failure()).passes(5)
    session = session.step_ends(told(2))
    assert session.kinds().count("turn.retrying") == 2
    assert session.last("phase.completed")["phase"] == "settling"
    assert "reset" not in session.kinds()


def test_a_turn_that_failed_is_not_tried_for_ever() -> None:
    session = Guided()
    session.step_ends(terminal())
    assert session.seen("turn.failed")
    assert (session.status, session.phase) == (Status.IDLE, "settling")
    session.says("m1")
    assert session.most == 6


def test_a_session_that_closes_in_a_phase_ends_like_any_other() -> None:
    session = Guided()
    session.closes()
    session.step_ends(in_sentences(kept("One."), 1))
    kinds = session.kinds()
    assert kinds[-2:] == ["session.status_changed", "session.ended"]
    assert "phase.completed" not in kinds
    assert session.last("session.ended")["reason"] == "user_ended"


def test_the_session_object_shows_the_phase() -> None:
    session = Guided()
    assert session.shell.store.session["phase"] == {"name": "settling", "index": 1, "of": 3}
    session.walks_a_phase().walks_a_phase()
    assert session.shell.store.session["phase"] == {"name": "return", "index": 3, "of": 3}
    session.walks_a_phase()
    assert session.shell.store.session["phase"] is None
