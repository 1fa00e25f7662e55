"""What broke a voice conversation once, or was tried for that."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from tests.state import strategies as draw
from tests.state.builders import complete, failure, guided, kept, message, profile
from tests.state.shell import Arrival, Happenings, StepEnd
from tests.state.story import Story
from tests.state.test_repeated_task import LOST_AFTER, essence, let_time_pass, of_the_last_epoch
from tests.state.test_talk import SAID, SECOND, Spoken
from workflows.contract.commands import BargeIn, Command, Playback, StopTurn
from workflows.contract.errors import FailureKind, StoreFault
from workflows.contract.model_call import StepResult
from workflows.contract.profile import Profile
from workflows.contract.session import MessageSentences
from workflows.contract.speech import Speech, Utterance
from workflows.contract.voice import PlaybackState, VoiceState
from workflows.state.steps import SettleAnswer


class Voiced(Spoken):
    """As `Spoken`, of any profile."""

    def __init__(self, of: Profile | None = None, **limits: float) -> None:
        speaking = (of or profile()).model_copy(update={"speech": Speech(at_once=2)})
        Story.__init__(self, dict(limits), of=speaking)

    def told(self, result: StepResult, count: int) -> StepResult:
        text = "".join(SAID[:count])
        ends = tuple(len("".join(SAID[: n + 1])) for n in range(count))
        told = MessageSentences(first=self.shell.state.sentences, ends=ends)
        return result.model_copy(update={"text": text, "sentences": told})

    def tells_some(self, count: int) -> "Voiced":
        """While the step goes on."""
        self.shell.task(Happenings(told=self.shell.state.sentences + count))
        return self

    def is_stopped(self, count: int) -> "Voiced":
        self.step_ends(self.told(kept("x", "stopped"), count))
        return self

    def says_it_all(self, count: int = 3) -> "Voiced":
        self.step_ends(self.told(complete("x"), count))
        return self

    def resumes_speech(self) -> "Voiced":
        self.hears(BargeIn(resume=True))
        return self

    def skips(self, index: int) -> "Voiced":
        self.shell.task(Happenings(spoken=((index, Utterance()),)))
        return self

    def speaks(self, *indices: int) -> "Voiced":
        for index in indices:
            audio = Utterance(audio_id="audio", duration_ms=SECOND)
            self.happens(Happenings(spoken=((index, audio),)))
        return self

    def loses_audio(self, index: int) -> "Voiced":
        """The next announcement of a sentence finds that its audio is gone."""
        self.shell.store.inaudible.add(index)
        return self


def asked(of: Profile | None = None, **limits: float) -> Voiced:
    session = Voiced(of, **limits)
    session.says("m1")
    return session


# ---- an interruption that comes twice ----------------------------------------------------------------


def test_the_same_barge_in_sent_again_later_takes_no_more_away() -> None:
    session = asked().says_it_all()
    session.is_heard_of().is_interrupted(1, 500).passes(2)
    assert session.said == ["One is here. Two"]
    session.is_interrupted(1, 500, turn=1).passes(2)
    assert session.said == ["One is here. Two"]
    assert session.kinds().count("interruption") == 1


def test_the_same_barge_in_sent_again_stops_no_later_turn() -> None:
    session = asked().says_it_all()
    session.is_heard_of().is_interrupted(1, 500)
    session.says("m2")
    assert session.turn.number == 2
    session.is_interrupted(1, 500, turn=1)
    assert session.turn.stop is None


def test_a_late_report_of_what_was_cut_does_not_play_it_again() -> None:
    """A client barges in, says something at once, and its player reports the pause a moment later."""
    session = asked().says_it_all()
    session.is_heard_of().is_interrupted(1, 500)
    session.says("m2")
    session.plays(1, 500, "paused", turn=1)
    session.tells().is_heard_of()
    assert session.voice == VoiceState.SPEAKING


def test_a_late_start_of_what_was_cut_does_not_make_it_speak() -> None:
    session = asked().says_it_all()
    session.is_heard_of().is_interrupted(1, 500).passes(2)
    assert session.voice == VoiceState.WAITING_FOR_INPUT
    session.plays(1, 0, "started", turn=1)
    assert session.voice == VoiceState.WAITING_FOR_INPUT


# ---- taken back --------------------------------------------------------------------------------------


def test_what_was_complete_already_does_not_go_on() -> None:
    session = asked().tells_some(1).speaks(0)
    session.is_interrupted(0, 500)
    session.says_it_all()
    assert session.last("turn.completed")
    session.hears(BargeIn(resume=True)).passes(1)
    assert len(session.turns) == 1


def test_a_second_barge_in_is_not_undone_because_the_first_was_taken_back() -> None:
    session = asked().tells_some(1).speaks(0)
    session.is_interrupted(0, 300)
    session.hears(BargeIn(resume=True))
    session.is_interrupted(0, 600)
    session.step_ends(session.told(kept("x", "stopped"), 2))
    session.passes(3)
    assert session.said == ["One is"]
    assert len(session.turns) == 1


def test_a_stop_after_a_barge_in_was_taken_back_is_a_stop() -> None:
    session = asked().tells_some(1).speaks(0)
    session.is_interrupted(0, 300)
    session.hears(BargeIn(resume=True))
    session.stops()
    session.step_ends(session.told(kept("x", "stopped"), 2))
    session.passes(3)
    assert len(session.turns) == 1


def test_who_stopped_and_barged_in_does_not_go_on() -> None:
    session = asked().tells_some(1).speaks(0)
    session.hears(StopTurn(), BargeIn(turn=1))
    session.is_stopped(1)
    session.hears(BargeIn(resume=True)).passes(3)
    assert len(session.turns) == 1


def test_a_failure_that_cannot_be_tried_again_is_not_gone_on_with() -> None:
    session = asked().tells_some(1).speaks(0)
    session.is_interrupted(0, 300)
    session.step_ends(failure(FailureKind.AUTHENTICATION))
    assert session.last("turn.failed")
    session.hears(BargeIn(resume=True)).passes(1)
    assert len(session.turns) == 1


def test_the_agent_that_was_interrupted_goes_on() -> None:
    session = Voiced(profile("guide", "critic"))
    session.says("m1", agent="critic")
    session.tells_some(1).speaks(0)
    session.is_interrupted(0, 300)
    session.is_stopped(1)
    session.hears(BargeIn(resume=True))
    assert session.last("turn.started")["turn"] == 2
    assert session.last("turn.started")["agent"] == "critic"


def test_a_fast_stop_that_is_faster_than_its_signal_can_be_taken_back_too() -> None:
    """The API stops the writer first: the step may end before the session hears why."""
    session = asked().tells_some(1).speaks(0)
    session.is_stopped(2)
    session.is_interrupted(0, 300)
    session.hears(BargeIn(resume=True)).passes(1)
    assert len(session.turns) == 2


def test_the_word_is_given_back_even_if_a_message_was_sent() -> None:
    session = asked().tells_some(2).speaks(0, 1)
    session.is_interrupted(0, 300)
    session.says("m2")
    session.hears(BargeIn(resume=True))
    assert session.voice == VoiceState.SPEAKING or session.refusals == 1


# ---- where nothing is said of the place --------------------------------------------------------------


def test_whoever_interrupts_without_a_place_interrupts_what_is_heard() -> None:
    """Turn 1 is still heard, turn 2 is running."""
    session = asked().says_it_all()
    session.is_heard_of()
    session.says("m2")
    session.passes(0.5)
    session.is_interrupted(turn=2)
    assert session.refusals == 0


def test_a_last_sentence_without_audio_hides_no_later_turn() -> None:
    session = asked().says_it_all()
    session.speaks(0, 1)
    session.skips(2)
    session.plays(1, state="finished")
    session.says("m2")
    session.is_interrupted(turn=2)
    assert session.refusals == 0
    assert session.turn.stop == "barged_in"


def test_sentences_that_were_stopped_unspoken_hide_no_later_turn() -> None:
    session = asked().tells_some(3).speaks(0)
    session.stops()
    session.is_stopped(3)
    session.plays(0, state="finished")
    session.says("m2")
    session.is_interrupted(turn=2)
    assert session.refusals == 0
    assert session.turn.stop == "barged_in"


def test_who_heard_everything_loses_no_sentence_that_has_no_audio() -> None:
    session = asked().says_it_all()
    session.speaks(0, 1)
    session.skips(2)
    session.plays(1, state="finished")
    session.is_interrupted(turn=1).passes(2)
    assert session.said == ["".join(SAID)]


# ---- guided ------------------------------------------------------------------------------------------


def walk(*names: str, **more: Any) -> Voiced:
    return Voiced(guided(*(names or ("settling", "return")), **more))


def test_a_phase_waits_after_an_interruption_though_its_step_was_complete() -> None:
    session = walk()
    session.tells_some(1).speaks(0)
    session.is_interrupted(0, 300)
    session.says_it_all()
    session.passes(5)
    assert session.turns == [()]


def test_a_phase_waits_after_a_stop_though_its_step_was_complete() -> None:
    session = walk()
    session.tells_some(1).speaks(0)
    session.stops()
    session.says_it_all()
    session.passes(5)
    assert session.turns == [()]


def test_the_end_of_a_plan_waits_for_the_person_who_interrupts_it() -> None:
    session = walk("return", sentences=4, wind_down_at=2)
    session.says_it_all(2)
    session.says_it_all(2)
    assert session.seen("phase.completed")
    session.speaks(0)
    session.is_interrupted(0, 300).passes(2.5)
    assert session.ended is None


def test_after_a_stop_between_the_steps_of_a_phase_nothing_is_spoken() -> None:
    session = walk()
    session.says_it_all(3)
    session.step_ends(failure())
    session.speaks(0)
    session.stops()
    assert session.last("turn.stopped")
    spoken = session.kinds().count("speech.ready")
    session.is_heard_of()
    assert session.kinds().count("speech.ready") == spoken


def test_a_pause_between_phases_is_not_spoken_through() -> None:
    session = walk("settling", "return", sentences=4, wind_down_at=2)
    session.pauses()
    session.says_it_all(2)
    session.says_it_all(2)
    session.is_heard_of()
    session.plays(3, state="finished").passes(60)
    assert session.voice == VoiceState.WAITING_FOR_INPUT


def test_what_was_heard_of_two_messages_is_two_sentences() -> None:
    session = walk()
    session.says_it_all(3)
    session.tells_some(2)
    session.is_heard_of().is_interrupted(4, 0)
    session.is_stopped(2)
    assert session.last("interruption")["heard_text"] == "".join(SAID) + " One is here."


# ---- limits ------------------------------------------------------------------------------------------


def test_the_answer_to_the_last_message_is_heard() -> None:
    session = asked(max_messages=1).says_it_all()
    session.is_heard_of()
    assert session.kinds().count("speech.ready") == 3


# ---- workflow tasks that are repeated ----------------------------------------------------------------


def lost_and_repeated(session: Voiced, lost: Happenings, seconds: float, *later: Any) -> Voiced:
    """The task that `lost` brings publishes and is lost; the next one sees `later`, too."""
    shell = session.shell
    twin = shell.copy()
    twin.pass_time(seconds)
    twin.undurable_task(lost)
    assert twin.told_early, "the lost task published nothing"
    shell.store, shell.now = twin.store, twin.now
    shell.pass_time(0.1)
    shell.task(lost + Happenings(commands=later))
    while shell.flight is not None:
        shell.task(Happenings(publication="arrived"))
    return session


def told_before_history(session: Voiced, lost: Happenings, seconds: float) -> list[str]:
    """What a task says that could still turn out otherwise."""
    twin = session.shell.copy()
    twin.pass_time(seconds)
    twin.undurable_task(lost)
    return [entry.name for entry in twin.told_early]


def contradictions(session: Voiced) -> list[str]:
    """What the log says otherwise than the session does, or not at all."""
    held = {entry.name: essence(entry) for entry in session.shell.store.log}
    told = of_the_last_epoch(session.shell.entries)
    return [entry.name for entry in told if held.get(entry.name) != essence(entry)]


BARGE_IN = BargeIn(turn=1, sentence_index=1, played_ms=500)


def test_an_interruption_at_the_end_of_the_audio_is_what_the_log_says() -> None:
    session = asked().says_it_all()
    session.is_heard_of()
    assert not told_before_history(session, Happenings(), 8.1)


def test_an_interruption_at_the_first_announcement_is_what_the_log_says() -> None:
    session = asked().says_it_all()
    heard = Happenings(spoken=((0, Utterance(audio_id="audio", duration_ms=SECOND)),))
    lost_and_repeated(session, heard, 0.1, BargeIn(turn=1))
    assert session.shell.state.talk.state == VoiceState.BARGED_IN
    session.passes(3)
    assert not contradictions(session)


def test_a_turn_that_may_still_start_otherwise_is_not_told_with_an_announcement() -> None:
    """A sentence of the turn before is spoken in the very task that starts the next turn."""
    session = asked().says_it_all()
    said = Utterance(audio_id="audio", duration_ms=SECOND)
    started = Happenings(commands=(message("m2"),), spoken=((0, said),))
    assert not told_before_history(session, started, 0.1)


def test_the_heard_text_of_an_interruption_is_what_stays_of_the_message() -> None:
    """Without a place, it follows from the time at which the task is carried out."""
    session = asked().says_it_all()
    session.is_heard_of()
    session.passes(0.89)
    assert not told_before_history(session, Happenings(commands=(BargeIn(turn=1),)), 0.0)


def test_a_session_that_owes_audio_does_not_wait_for_the_person() -> None:
    session = asked(idle_timeout=10).says_it_all()
    assert session.shell.syntheses
    session.passes(11)
    assert session.ended is None


def test_a_stop_while_the_answer_is_still_being_spoken_is_heard() -> None:
    session = asked().says_it_all()
    session.speaks(0)
    session.stops()
    session.is_heard_of()
    assert session.kinds().count("speech.ready") == 1


def test_a_message_that_interrupts_is_not_answered_behind_the_rest_of_the_old_answer() -> None:
    session = asked().says_it_all()
    session.speaks(0)
    session.interrupts("m2")
    session.is_heard_of()
    assert session.kinds().count("speech.ready") == 1


def test_a_step_that_somebody_else_stopped_is_not_asked_again() -> None:
    """As the API does with an interruption that the session refuses, or never hears of."""
    session = walk()
    session.tells_some(1)
    session.step_ends(kept("", "stopped"))
    assert len(session.shell.calls) == 1
    assert session.last("turn.stopped")


def test_a_message_that_waited_before_leaves_time_for_second_thoughts() -> None:
    session = asked().tells_some(1).speaks(0)
    session.queues("m2")
    session.is_interrupted(0, 300)
    session.is_stopped(2)
    assert "message.truncated" not in session.kinds()
    session.hears(BargeIn(resume=True))
    assert session.refusals == 0


def test_a_turn_that_has_said_nothing_is_not_told_to_go_on_where_it_stopped() -> None:
    session = asked()
    session.step_ends(failure())
    session.is_interrupted()
    assert session.last("turn.stopped")
    session.hears(BargeIn(resume=True))
    assert session.turn.number == 2
    assert "where you stopped" not in str(session.shell.calls[-1].call.cue)


def test_a_message_keeps_its_effort_when_its_answer_goes_on() -> None:
    session = Voiced()
    session.says("m1", settings={"effort": "low"})
    effort = session.turn.effort
    session.tells_some(1).speaks(0)
    session.is_interrupted(0, 300)
    session.is_stopped(1)
    session.hears(BargeIn(resume=True))
    assert session.turn.effort == effort


def test_another_agents_stored_response_outlives_a_cut() -> None:
    session = Voiced(profile("guide", "critic"))
    session.says("m1", agent="guide")
    session.says_it_all().is_heard_of()
    session.says("m2", agent="critic")
    session.step_ends(complete("Fine.", response_id="resp-2"))
    session.is_interrupted(1, 500, turn=1).passes(2)
    assert "critic" in session.shell.state.transcript.chains


def test_the_status_of_a_cut_message_is_the_same_for_who_saw_it_and_who_asks() -> None:
    session = asked().says_it_all()
    session.is_heard_of().is_interrupted(1, 500).passes(2)
    (cut,) = [m for m in session.shell.state.transcript.messages if m.role == "assistant"]
    assert session.last("message.truncated").get("status", "complete") == cut.status


def test_a_report_is_not_overtaken_by_older_ones() -> None:
    session = asked().says_it_all()
    session.is_heard_of().plays(2, 500)
    session.plays(0, state="finished")
    session.passes(0.1)
    session.is_interrupted()
    assert session.last("interruption")["heard_ms"] >= 2_500


def test_the_retry_of_a_turn_that_lost_its_sentences_is_spoken() -> None:
    """Worker and store are lost in the middle of an answer: another attempt tells its sentences anew."""
    session = asked().tells_some(3).speaks(0)
    session.step_ends(StoreFault.EPOCH_LOST)
    assert session.running.step == 1
    before = session.kinds().count("speech.ready")
    session.says_it_all().is_heard_of()
    assert session.kinds().count("speech.ready") == before + 3


# ---- a store that lost audio --------------------------------------------------------------------------


def announced(session: Voiced) -> list[int]:
    return [event["sentence_index"] for event in session.seen("speech.ready")]


def test_audio_that_was_lost_before_it_was_announced_is_spoken_again() -> None:
    session = asked().says_it_all().speaks(1).loses_audio(1).speaks(0)
    assert announced(session) == [0]
    session.is_heard_of()
    assert announced(session) == [0, 1, 2]
    assert not session.seen("reset")


def test_audio_that_was_lost_was_not_heard_meanwhile() -> None:
    session = asked().says_it_all().speaks(1).loses_audio(1).speaks(0)
    session.passes(5)
    session.is_heard_of().passes(0.3)
    session.is_interrupted()
    assert session.last("interruption")["heard_ms"] == SECOND + 300


def test_audio_that_was_lost_and_that_nobody_wants_any_more_is_not_spoken_again() -> None:
    session = asked().says_it_all().speaks(1).loses_audio(1)
    session.shell.task(Happenings(spoken=((0, Utterance(audio_id="audio", duration_ms=SECOND)),)))
    session.shell.task(Happenings(commands=(StopTurn(),)))
    session.happens(Happenings(publication="arrived"))
    session.is_heard_of()
    assert announced(session) == [0]
    assert session.shell.outbox.entries == ()


def test_a_stop_is_also_one_of_what_is_on_its_way_to_be_announced() -> None:
    session = asked().says_it_all().speaks(0).speaks(2).loses_audio(2)
    session.shell.task(Happenings(spoken=((1, Utterance(audio_id="audio", duration_ms=SECOND)),)))
    assert not session.shell.state.speaking.pending
    session.shell.task(Happenings(commands=(StopTurn(),)))
    session.happens(Happenings(publication="arrived"))
    session.is_heard_of()
    assert announced(session) == [0, 1]


def test_the_last_sentence_of_a_plan_is_heard_though_its_audio_was_lost() -> None:
    session = walk("return", sentences=4, wind_down_at=2)
    session.says_it_all(2)
    session.says_it_all(2)
    session.speaks(0, 1).speaks(3).loses_audio(3).speaks(2)
    assert session.ended is None
    session.is_heard_of()
    assert announced(session) == [0, 1, 2, 3]
    assert session.ended == "completed"


def test_what_was_announced_to_a_store_that_is_away_and_then_empty_is_spoken_again() -> None:
    session = asked().says_it_all()
    session.shell.store_is_away = True
    session.shell.task(Happenings(spoken=((0, Utterance(audio_id="audio", duration_ms=SECOND)),)))
    session.shell.pass_time(10)
    session.shell.lose_store()
    session.shell.store_is_away = False
    session.happens(Happenings())
    session.is_heard_of()
    assert session.kinds()[0] == "reset"
    assert announced(session) == [0, 1, 2]


# ---- any repetition ----------------------------------------------------------------------------------


def any_talk(choice: st.DataObject, session: Voiced) -> Happenings:
    """What a task may bring to a session that speaks."""
    shell, told = session.shell, 0
    spoken: tuple[tuple[int, Utterance], ...] = ()
    end: StepEnd | None = None
    is_spoken: bool = False
    attempt = shell.attempt
    if attempt is not None and draw.writes_to(attempt, shell):
        what = choice.draw(st.sampled_from(["nothing", "tells", "ends", "ends"]), label="the step")
        if attempt.name in shell.last_words or isinstance(attempt.step, SettleAnswer):
            end = shell.last_words.get(attempt.name) or kept("", "stopped")
        elif what == "ends":
            result = choice.draw(st.sampled_from([complete(), complete(), kept("x", "stopped")]))
            end = session.told(result, choice.draw(st.integers(1, 3), label="sentences"))
        elif what == "tells":
            told = shell.state.sentences + choice.draw(st.integers(1, 3), label="sentences")
    if shell.syntheses:
        is_spoken = choice.draw(st.booleans(), label="a sentence is spoken")
    if is_spoken:
        spoken = ((min(shell.syntheses), Utterance(audio_id="audio", duration_ms=800)),)
    arrives: Arrival | None = "arrived" if shell.flight is not None else None
    asked = tuple(choice.draw(st.lists(any_voice(session), max_size=2), label="asked"))
    return Happenings(commands=asked, step_end=end, publication=arrives, told=told, spoken=spoken)


def any_voice(session: Voiced) -> st.SearchStrategy[Command]:
    state = session.shell.state
    turn, last = max(state.turns, 1), max(state.speaking.announced - 1, 0)
    place = {"turn": turn, "sentence_index": last, "played_ms": 300 if state.speaking.announced else 0}
    reports = [Playback(**place, state=how) for how in PlaybackState]
    said = message(f"m{len(session.shell.recorded)}-{state.message_count}")
    return st.sampled_from([BargeIn(**place), BargeIn(**place), BargeIn(resume=True), said, *reports])


@examples(400)
@given(st.data())
def test_what_a_lost_task_said_of_a_talk_is_said_by_its_repetition_or_told_anew(
    choice: st.DataObject,
) -> None:
    session = asked()
    shell = session.shell
    for _ in range(choice.draw(st.integers(1, 6), label="tasks before")):
        let_time_pass(choice, shell)
        shell.task(any_talk(choice, session))
    happened, lost = any_talk(choice, session), shell.copy()
    let_time_pass(choice, lost)
    lost.undurable_task(happened)
    shell.outlives(lost)
    shell.pass_time(LOST_AFTER)
    later = any_talk(choice, session)
    shell.task(happened + Happenings(commands=later.commands))
    for _ in range(4):
        shell.pass_time(1)
        shell.task(Happenings(publication="arrived" if shell.flight else None))
    assert not contradictions(session) or shell.flight or shell.attempt


def test_a_stop_that_comes_late_does_not_silence_the_next_answer() -> None:
    session = asked().says_it_all()
    session.says("m2")
    session.says_it_all()
    session.stops(turn=1)
    assert session.shell.state.speaking.pending
    session.stops(turn=2)
    assert not session.shell.state.speaking.pending
