"""Who has the word, what was heard, and what that leaves of what was said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from tests.state.builders import NOON, after, complete, guided, in_sentences, kept, profile
from tests.state.shell import Happenings
from tests.state.story import Story
from workflows.contract.commands import BargeIn, Listening, Playback, StoreLost
from workflows.contract.speech import Speech, Utterance
from workflows.contract.voice import PlaybackState, VoiceState
from workflows.state import playback
from workflows.state.heard import heard_part
from workflows.state.playback import Piece, Place
from workflows.state.steps import Speak
from workflows.state.talk import LEGAL, Trigger

SPEAKING = profile().model_copy(update={"speech": Speech(at_once=2)})
SAID = ("One is here. ", "Two follows it. ", "Three ends it.")
SECOND = 1_000


class Spoken(Story):
    """A session whose sentences take a second each."""

    def __init__(self, **limits: float) -> None:
        super().__init__(dict(limits), of=SPEAKING)

    def tells(self, sentences: int = 3) -> "Spoken":
        text = "".join(SAID[:sentences])
        result = in_sentences(complete(text), sentences)
        assert result.sentences is not None
        ends = tuple(len("".join(SAID[: n + 1])) for n in range(sentences))
        first = self.shell.state.sentences
        told = result.sentences.model_copy(update={"ends": ends, "first": first})
        self.step_ends(result.model_copy(update={"sentences": told}))
        return self

    def is_heard_of(self) -> "Spoken":
        """Every sentence that is told is spoken and announced."""
        while self.shell.syntheses:
            audio = Utterance(audio_id="audio", duration_ms=SECOND)
            self.happens(Happenings(spoken=((min(self.shell.syntheses), audio),)))
        return self

    def happens(self, what: Happenings) -> None:
        self._task(what)

    def plays(self, index: int, played_ms: int = 0, state: str = "started", turn: int = 1) -> "Spoken":
        report = {"turn": turn, "sentence_index": index, "played_ms": played_ms, "state": state}
        self.hears(Playback.model_validate(report))
        return self

    def is_interrupted(
        self, index: int | None = None, played_ms: int = 0, turn: int | None = None
    ) -> "Spoken":
        turn = turn or max(self.shell.state.turns, 1)
        given = {"turn": turn, "sentence_index": index, "played_ms": played_ms}
        self.hears(BargeIn.model_validate(given))
        return self

    @property
    def voice(self) -> str:
        return self.shell.state.talk.state

    @property
    def refusals(self) -> int:
        return self.shell.state.talk.refused

    @property
    def said(self) -> list[str]:
        return [m.content for m in self.shell.state.transcript.messages if m.role == "assistant"]


def spoken() -> Spoken:
    session = Spoken()
    session.says("m1")
    return session.tells().is_heard_of()


# ---- the table ---------------------------------------------------------------------------------------


def test_every_state_can_be_reached_and_all_but_the_last_can_be_left() -> None:
    reached = {state for ways in LEGAL.values() for state in ways.values()}
    assert reached | {VoiceState.IDLE} == set(VoiceState) == set(LEGAL)
    for state, ways in LEGAL.items():
        assert (state is VoiceState.TERMINATED) == (not ways)
        assert ways.get(Trigger.ENDED, VoiceState.TERMINATED) is VoiceState.TERMINATED


@pytest.mark.parametrize("trigger", [Trigger.PLAYING, Trigger.MICROPHONE_CLOSED, Trigger.TAKEN_BACK])
def test_what_does_not_fit_has_no_way(trigger: Trigger) -> None:
    assert trigger not in LEGAL[VoiceState.IDLE]


def test_a_wish_that_does_not_fit_is_refused_recorded_and_without_effect() -> None:
    session = Spoken()
    session.hears(Listening(on=False)).hears(BargeIn(resume=True))
    session.plays(0)
    assert (session.voice, session.refusals) == (VoiceState.IDLE, 3)
    assert "voice.state_changed" not in session.kinds()
    assert "playback: sentence 0 is not being played" in session.shell.state.talk.last_refusal


@pytest.mark.parametrize(
    ("index", "played_ms", "turn"), [(3, 1, 1), (9, 0, 1), (1, 500, 2), (1, 500, 7), (3, 0, 1)]
)
def test_an_interruption_of_what_is_not_heard_is_refused(index: int, played_ms: int, turn: int) -> None:
    session = spoken().is_interrupted(index, played_ms, turn)
    assert (session.voice, session.refusals) == (VoiceState.SPEAKING, 1)


@pytest.mark.parametrize(("index", "turn"), [(3, 1), (1, 2)])
def test_a_report_from_the_future_or_of_another_turn_is_refused(index: int, turn: int) -> None:
    session = spoken().plays(index, turn=turn)
    assert (session.voice, session.refusals) == (VoiceState.SPEAKING, 1)


# ---- clocks ------------------------------------------------------------------------------------------


def test_an_open_microphone_that_nobody_speaks_into_is_not_listened_to_for_ever() -> None:
    session = Spoken(idle_timeout=300)
    session.hears(Listening(on=True)).passes(119)
    assert session.voice == VoiceState.LISTENING
    session.passes(2)
    assert session.voice == VoiceState.WAITING_FOR_INPUT
    session.passes(301)
    assert session.voice == VoiceState.TERMINATED


def test_who_says_again_that_the_microphone_is_open_is_listened_to() -> None:
    session = Spoken()
    session.hears(Listening(on=True)).passes(100).hears(Listening(on=True)).passes(100)
    assert session.voice == VoiceState.LISTENING


def test_speaking_ends_five_seconds_after_the_audio() -> None:
    session = spoken()
    session.passes(7.9)
    assert session.voice == VoiceState.SPEAKING
    session.passes(0.2)
    assert session.voice == VoiceState.WAITING_FOR_INPUT


def test_speaking_ends_at_once_when_the_player_says_so() -> None:
    assert spoken().plays(2, state="finished").voice == VoiceState.WAITING_FOR_INPUT


def test_it_does_not_end_before_everything_is_told() -> None:
    session = Spoken()
    session.says("m1")
    session.shell.task(Happenings(told=1))
    session.is_heard_of().plays(0, state="finished")
    assert session.voice == VoiceState.SPEAKING
    session.passes(60)
    assert session.voice == VoiceState.SPEAKING


class Guided(Spoken):
    """Three phases of three sentences, one to wind down."""

    def __init__(self) -> None:
        plan = guided(sentences=3, wind_down_at=2)
        Story.__init__(self, {}, of=plan.model_copy(update={"speech": Speech(at_once=2)}))

    def walks_a_phase(self) -> "Guided":
        self.tells(2).tells(1).is_heard_of()
        return self

    @property
    def phase(self) -> str | None:
        running = self.shell.state.phase
        return running.name if running else None


def test_a_session_that_nobody_follows_runs_ahead_and_is_kept_for_later() -> None:
    session = Guided().walks_a_phase()
    assert session.phase == "deepening"
    session.walks_a_phase().walks_a_phase()
    assert session.last("session.ended")["reason"] == "completed"


def test_a_session_that_is_followed_waits_for_who_listens() -> None:
    session = Guided()
    session.tells(2).is_heard_of().plays(0)
    session.tells(1)
    while session.shell.syntheses:
        audio = Utterance(audio_id="audio", duration_ms=20 * SECOND)
        session.happens(Happenings(spoken=((min(session.shell.syntheses), audio),)))
    assert (session.phase, session.shell.state.turn) == (None, None)
    session.passes(11.9)
    assert session.phase is None
    session.passes(0.2)
    assert session.phase == "deepening"


def test_its_last_phase_ends_the_session_once_it_is_heard() -> None:
    session = Guided()
    session.tells(2).is_heard_of().plays(0)
    session.tells(1).is_heard_of()
    session.walks_a_phase().walks_a_phase()
    assert "session.ended" not in session.kinds()
    session.plays(8, state="finished", turn=3)
    assert session.last("session.ended")["reason"] == "completed"


def test_a_player_that_vanishes_does_not_keep_it_from_its_end() -> None:
    session = Guided()
    session.tells(2).is_heard_of().plays(0)
    session.tells(1).is_heard_of()
    session.walks_a_phase().walks_a_phase().passes(20)
    assert session.last("session.ended")["reason"] == "completed"


def test_a_pause_of_the_player_holds_the_session() -> None:
    session = Guided()
    session.tells(2).is_heard_of()
    session.tells(1).is_heard_of().plays(0, state="paused")
    session.walks_a_phase()
    assert session.phase == "return"


# ---- interruptions -----------------------------------------------------------------------------------


def test_what_was_heard_is_told_at_once_and_stands_after_two_seconds() -> None:
    session = spoken().is_interrupted(1, 500)
    assert session.last("interruption")["heard_text"] == "One is here. Two"
    assert session.last("interruption")["heard_ms"] == 1_500
    assert session.said == ["".join(SAID)]
    session.passes(2)
    assert session.said == ["One is here. Two"]
    assert session.last("message.truncated")["text"] == "One is here. Two"
    assert session.voice == VoiceState.WAITING_FOR_INPUT


def test_the_place_follows_from_the_last_report() -> None:
    session = spoken().plays(1)
    session.passes(0.5)
    session.is_interrupted()
    assert session.last("interruption")["heard_ms"] == 1_500


def test_without_any_report_it_follows_from_the_announcement() -> None:
    session = spoken()
    session.passes(2.5)
    session.is_interrupted()
    assert session.last("interruption")["heard_ms"] == 2_500


def test_of_two_answers_the_second_was_not_heard_at_all() -> None:
    session = spoken()
    session.says("m2")
    session.tells().is_heard_of().is_interrupted(1, 500, turn=1).passes(2)
    assert session.said == ["One is here. Two", ""]


def test_an_open_microphone_is_listened_to_after_the_interruption() -> None:
    session = spoken()
    session.hears(Listening(on=True))
    session.is_interrupted(1, 500).passes(2)
    assert session.voice == VoiceState.LISTENING


def test_a_barge_in_is_the_same_barge_in_when_it_comes_twice() -> None:
    session = spoken().is_interrupted(1, 500).is_interrupted(0, 100)
    assert session.kinds().count("interruption") == 1


def test_a_barge_in_that_is_taken_back_leaves_everything() -> None:
    session = spoken().is_interrupted(1, 500)
    session.hears(BargeIn(resume=True)).passes(3)
    assert session.said == ["".join(SAID)]
    assert "message.truncated" not in session.kinds()


def test_it_is_too_late_after_two_seconds() -> None:
    session = spoken().is_interrupted(1, 500)
    session.passes(2)
    session.hears(BargeIn(resume=True))
    assert session.refusals == 1
    assert session.said == ["One is here. Two"]


def test_the_next_call_sends_what_was_heard_and_continues_no_response() -> None:
    session = spoken().is_interrupted(1, 500)
    session.says("m2")
    call = session.shell.calls[-1].call
    assert (call.previous_response_id, call.seen_from) == (None, 0)


def test_a_running_turn_is_stopped_and_its_sentences_stay_unspoken() -> None:
    session = Spoken()
    session.says("m1")
    session.shell.task(Happenings(told=2))
    assert session.shell.syntheses
    session.is_interrupted()
    assert not session.shell.syntheses
    assert session.shell.attempt is not None
    assert session.shell.attempt.cancelled
    ends = in_sentences(kept("One is here. Two follows it. ", "stopped"), 2)
    session.step_ends(ends)
    session.passes(2)
    assert session.last("turn.stopped")["reason"] == "barged_in"
    assert session.said == [""]
    assert not session.shell.syntheses
    assert "speech.ready" not in session.kinds()


def test_a_sentence_that_the_store_has_lost_is_spoken_from_the_transcript() -> None:
    session = Spoken()
    session.says("m1")
    session.tells()
    session.hears(StoreLost(epoch=session.shell.state.epoch))
    assert session.shell.speaks == (
        *(Speak(0), Speak(1)),
        *(Speak(0, "One is here."), Speak(1, "Two follows it.")),
    )
    session.is_heard_of()
    assert session.shell.speaks[-1] == Speak(2, "Three ends it.")


# ---- what was heard ----------------------------------------------------------------------------------

sentences = st.text(st.sampled_from("ab é。、 ,."), min_size=1, max_size=40)


@given(sentences, st.floats(0, 1))
@examples(300)
def test_what_was_heard_is_the_beginning(sentence: str, share: float) -> None:
    assert sentence.startswith(heard_part(sentence, share))


@given(sentences, st.floats(0, 1), st.floats(0, 1))
@examples(300)
def test_who_listens_longer_hears_no_less(sentence: str, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert len(heard_part(sentence, less)) <= len(heard_part(sentence, more))


@pytest.mark.parametrize(
    ("sentence", "share", "heard"),
    [
        ("Hello there, Ada. ", 0.5, "Hello "),
        ("Hello there, Ada. ", 0.62, "Hello "),
        ("Hello there, Ada. ", 0.99, "Hello there, Ada. "),
        ("Hello.", 0.5, ""),
        ("今天天气很好。", 0.5, "今天天"),
        ("", 0.5, ""),
    ],
)
def test_words_are_heard_whole(sentence: str, share: float, heard: str) -> None:
    assert heard_part(sentence, share) == heard


durations = st.lists(st.integers(1, 3_000), min_size=1, max_size=5)


def announced(lengths: list[int]) -> playback.Playback:
    found = playback.Playback()
    for index, duration in enumerate(lengths):
        found = found.announced(Piece(index=index, turn=1, duration_ms=duration), NOON)
    return found


@given(durations, st.integers(0, 20_000))
@examples(300)
def test_a_player_stands_where_time_has_brought_it(lengths: list[int], passed: int) -> None:
    playing = announced(lengths)
    now = NOON + timedelta(milliseconds=passed)
    place = playing.place_at(now) or Place(index=len(lengths))
    heard = playing.heard_ms(1, place)
    assert heard == min(passed, sum(lengths))
    assert playing.unheard_ms(now) == sum(lengths) - heard


@given(durations, st.integers(0, 4), st.integers(0, 5_000), st.sampled_from(PlaybackState))
@examples(300)
def test_a_report_is_believed_within_the_sentence(
    lengths: list[int], index: int, played_ms: int, state: PlaybackState
) -> None:
    playing = announced(lengths).reported(Place(index=index, played_ms=played_ms), state, after(60))
    left = playing.unheard_ms(after(60))
    assert 0 <= left <= sum(lengths)
    if index < len(lengths) and state is PlaybackState.FINISHED:
        assert left == sum(lengths[index + 1 :])
    assert playing.paused == (index < len(lengths) and state is PlaybackState.PAUSED)
