"""What the figures of spoken sessions are made of is reckoned right."""

import pytest
import yaml

from activities.sentences import SentenceSplitter
from bench.barge_in import BargeIn, Moment
from bench.splitting import ends
from bench.spoken_turn import SpokenTurn, sentences
from tests.spoken_session import PLAN, PROFILE, SENTENCES, SLOW, answers
from workflows.contract.profile import Profile


def pieces(text: str) -> list[str]:
    splitter = SentenceSplitter("en")
    return [piece.strip() for piece in [*splitter.feed(text), *splitter.finish()]]


def test_the_model_has_more_sentences_than_a_part_may_have_and_no_two_are_alike() -> None:
    told = [pieces(text) for text in answers()]
    profile = Profile.model_validate(yaml.safe_load(PROFILE))
    assert [phase.name for phase in profile.phases] == list(PLAN)
    assert sum(phase.sentences for phase in profile.phases) == SENTENCES
    assert min(map(len, told)) > max(phase.sentences for phase in profile.phases)
    assert len(told) >= 2 * len(PLAN)
    every = [sentence for answer in told for sentence in answer]
    assert len(set(every)) == len(every)
    assert all(any(SLOW in sentence for sentence in answer[: len(answer) // 2]) for answer in told)


def test_sentences_about_a_thing_are_cut_as_they_are_meant() -> None:
    assert pieces(" ".join(sentences(5, "rest"))) == sentences(5, "rest")
    assert not set(sentences(5, "rest")) & set(sentences(5, "work"))


def test_a_turn_is_timed_from_its_asking() -> None:
    turn = SpokenTurn(asked=10, told={4: 11.0, 5: 12.0}, heard={4: 11.5, 5: 13.0}, ended=12.5)
    assert (turn.first_sentence, turn.first_audio, turn.whole) == (1.0, 1.5, 2.5)
    assert turn.delays == [0.5, 1.0]


@pytest.mark.parametrize(
    ("kinds", "after"),
    [
        (["sentence", "interruption"], 0),
        (["sentence", "interruption", "message.truncated", "turn.stopped"], 0),
        (["sentence", "interruption", "sentence"], 1),
        (["interruption", "message.delta", "speech.ready", "speech.skipped"], 3),
    ],
)
def test_what_comes_behind_an_interruption_is_counted(kinds: list[str], after: int) -> None:
    seen = BargeIn(Moment("sentence", 1, 0.0))
    for kind in kinds:
        seen.note(kind)
    assert seen.after == after


def test_the_last_chunk_counts_from_the_asking() -> None:
    seen = BargeIn(Moment("sentence", 1, 0.0), asked=5.0, chunks=[4.0, 4.5])
    assert seen.last_chunk == 0
    seen.chunks.append(5.25)
    assert seen.last_chunk == 0.25


def test_blanks_may_belong_to_either_side_of_an_end() -> None:
    assert ends(["One. ", "Two. ", "Three."]) == ends(["One.", " Two.", " Three."]) == {4, 9}
    assert ends(["One. Two.", " Three."]) == {9}
    assert ends(["One."]) == set()
