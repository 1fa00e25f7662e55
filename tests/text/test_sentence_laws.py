"""Laws that hold for every text, in every language.

Owns what pieces must be whatever they say; where a listener wants them cut is the golden sentences' business.
"""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities.sentences import LONGEST, SentenceSplitter
from tests.effort import examples

LANGUAGES = ["en", "de", "es", "fr", "zh", "ja", "de-CH", "hi", "xx", ""]
MARKS = [
    *".!?…,;:\"'()[]*_-–—#„“”‚‘’«»‹›「」『』（）《》。！？，、：．¿¡।؟1aAéÉ我のß \n\u2028\u3000\u00a0",
    "\r\n",
]
CHUNKS = [
    *MARKS,
    "...",
    "……",
    "\n\n",
    "\n- ",
    "\n1. ",
    "\t",
    "**",
    " Dr. ",
    " z. B. ",
    " U.S. ",
    " etc. ",
    "3.14",
    "No. 5",
    " I ",
    "The ",
    "they said",
    "über",
    "他说",
    "と",
    "dit-il",
    "http://a.b/c?d=e",
    "👍🏽",
    "👨‍👩‍👧‍👦",
    "🇩🇪",
    "❤️",
    "1️⃣",
    "e\u0301",
    "\ud800",
    "Halt! ",
    "Now. ",
    "Why? ",
    "好。",
    "  " * 9,
    "word " * 30,
    "字" * 70,
    "x" * 150,
    "!" * 90,
    "👍" * 60,
]
texts = st.lists(st.one_of(st.sampled_from(CHUNKS), st.text(max_size=4)), max_size=40).map("".join)
long_texts = st.lists(
    st.sampled_from(
        [
            "word ",
            "x" * 97,
            ", ",
            "“",
            "(",
            ". ",
            "字",
            "👍🏽",
            "👨‍👩‍👧‍👦",
            "🇩🇪",
            "e\u0301",
            "……",
            "!" * 41,
            " " * 70,
            "Dr. ",
            "?",
        ]
    ),
    min_size=20,
    max_size=160,
).map("".join)
any_text = st.one_of(texts, long_texts)
languages = st.sampled_from(LANGUAGES)


def split(text: str, language: str, cuts: list[int] | None = None) -> list[str]:
    splitter = SentenceSplitter(language)
    ends = [0, *sorted(cut % (len(text) + 1) for cut in cuts or []), len(text)]
    pieces = [piece for start, end in pairwise(ends) for piece in splitter.feed(text[start:end])]
    return pieces + splitter.finish()


@examples(300)
@given(any_text, languages)
@example("", "en")
@example(" \n ", "en")
def test_nothing_is_lost_or_invented(text: str, language: str) -> None:
    pieces = split(text, language)
    assert "".join(pieces) == text
    assert all(pieces)
    assert all(not piece.isspace() for piece in pieces) or pieces == [text]
    assert all(not piece[0].isspace() for piece in pieces[1:])


@examples(300)
@given(any_text, languages, st.lists(st.integers(min_value=0), max_size=30))
@example("**Stop.** Then **go. On** and on. 👨‍👩‍👧‍👦 Yes.", "en", [])
def test_chunking_does_not_matter(text: str, language: str, cuts: list[int]) -> None:
    at_once = split(text, language)
    assert split(text, language, cuts) == at_once
    assert split(text, language, list(range(len(text)))) == at_once


@examples(200)
@given(any_text, languages)
@example("He said “One. Two." + " Three four five." * 30 + "” Then he left. “Yes.” No.", "en")
def test_a_boundary_forgets_everything(text: str, language: str) -> None:
    pieces = split(text, language)
    for passed in range(len(pieces) + 1):
        assert split("".join(pieces[passed:]), language) == pieces[passed:]


@examples(300)
@given(any_text, languages)
@example("x" * 1000, "en")
@example("“" + "A b c. " * 200, "en")
@example("!" * 1000, "en")
@example("(" * 1000, "en")
@example("Dr. " * 300, "en")
@example("我" * 1000, "zh")
def test_no_piece_is_longer_than_the_bound(text: str, language: str) -> None:
    assert all(len(piece.strip()) <= LONGEST for piece in split(text, language))


@examples(200)
@given(any_text, languages)
def test_what_waits_is_what_was_not_given_out(text: str, language: str) -> None:
    splitter = SentenceSplitter(language)
    given_out = ""
    for position, character in enumerate(text, 1):
        given_out += "".join(splitter.feed(character))
        assert given_out + splitter.waiting == text[:position]
    splitter.finish()
    assert not splitter.waiting


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("He said that. " * 12 + "(" + "word, " * 90, "He said that. ", id="at an end before"),
        pytest.param("(" + "one two, " * 60, "(" + "one two, " * 44, id="at the last clause"),
        pytest.param("word " * 100, "word " * 80, id="at the last word"),
        pytest.param("x" * 500, "x" * LONGEST, id="hard"),
        pytest.param("x" + "👨‍👩‍👧‍👦" * 90, "x" + "👨‍👩‍👧‍👦" * 57, id="not inside an emoji"),
        pytest.param("x" + "🇩🇪" * 300, "x" + "🇩🇪" * 199, id="not inside a flag"),
        pytest.param("x" + "e\u0301" * 300, "x" + "e\u0301" * 199, id="not before an accent"),
    ],
)
def test_a_sentence_that_is_too_long_is_cut_at_the_best_place(text: str, first: str) -> None:
    assert SentenceSplitter().feed(text)[0] == first


@pytest.mark.parametrize("behind", ["\n\nNext", "\nNext"])
def test_a_line_ends_what_was_left_open(behind: str) -> None:
    assert (
        SentenceSplitter().feed("“He never closed it. Never." + behind)[0]
        == "“He never closed it. Never." + behind[:-4]
    )


def test_a_long_quotation_is_not_waited_for() -> None:
    splitter = SentenceSplitter()
    pieces = splitter.feed("She said: “" + "This is a sentence of a long tale. " * 9)
    assert len(pieces) >= 1
    assert all(len(piece) < 200 for piece in pieces)


@pytest.mark.parametrize(
    ("sentence", "following", "needed"),
    [
        pytest.param("The train leaves soon.", " Then we go.", 2, id="full stop"),
        pytest.param("Does it?", " Yes.", 2, id="question"),
        pytest.param("It does!", " Yes.", 2, id="exclamation"),
        pytest.param("“It does.”", " Yes.", 2, id="quotation"),
        pytest.param("It does. 🎉", " Yes.", 2, id="emoji"),
        pytest.param("It costs 42.", " Yes.", 2, id="number"),
        pytest.param("A line", "\nNext", 2, id="line"),
        pytest.param("It ended at 5 p.m.", " They left.", 6, id="abbreviation: the whole next word"),
    ],
)
def test_a_piece_leaves_as_soon_as_the_next_words_prove_it(
    sentence: str, following: str, needed: int
) -> None:
    splitter = SentenceSplitter("en")
    assert splitter.feed(sentence + following[: needed - 1]) == []
    assert splitter.feed(following[needed - 1]) == [
        sentence + following[: len(following) - len(following.lstrip())]
    ]


def test_a_piece_in_a_script_without_spaces_leaves_with_the_next_character() -> None:
    splitter = SentenceSplitter("zh")
    assert splitter.feed("我是学生。") == []
    assert splitter.feed("他") == ["我是学生。"]


def test_a_long_text_costs_its_length() -> None:
    """Work a feed is bounded by what waits, not by what went before: counted, not timed."""
    splitter = SentenceSplitter()
    waiting = 0
    for _ in range(2000):
        splitter.feed("A short sentence here. ")
        waiting = max(waiting, len(splitter.waiting))
    assert waiting < 2 * len("A short sentence here. ")
