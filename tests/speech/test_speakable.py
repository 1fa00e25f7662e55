"""What is said aloud: no mark, no picture, and every letter."""

import unicodedata
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities.speakable import speakable

SAID = [
    ("", ""),
    ("Hello there.", "Hello there."),
    ("  two\t\n blanks ", "two blanks"),
    ("**Bold** and *slanted* and __both__ and ~~gone~~.", "Bold and slanted and both and gone."),
    ("Call `open_file` now.", "Call open file now."),
    ("## A heading", "A heading"),
    ("# A heading\nand text", "A heading, and text"),
    ("# C# in a day #", "C# in a day"),
    ("- one\n- two\n* three", "one, two, three"),
    ("- [x] done\n- [ ] open", "done, open"),
    ("1. First\n2. Second", "1. First 2. Second"),
    ("> quoted\n> > twice", "quoted twice"),
    ("| a | b |\n|---|:-:|\n| c | d |", "a, b, c, d"),
    ('Read [the guide](https://example.com/a_(b)?c=d "title") first.', "Read the guide first."),
    ("See ![a cat](cat.png) and [this][ref][^1].", "See a cat and this."),
    ("Go to https://www.example.com/a/b?c#d.", "Go to example.com."),
    ("Go to <https://example.com>, now!", "Go to example.com, now!"),
    ("one<br>two <b>three</b> &amp; four", "one two three & four"),
    ("a < b and c > d", "a < b and c > d"),
    ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
    ("*# twice* marked", "twice marked"),
    ("Great 👍🏽! Really ❤️‍🔥 great.", "Great! Really great."),
    ("👍", ""),
    ("👨‍👩‍👧 🇩🇪 ✨ …", ""),
    ("?!", ""),
    ("---", ""),
    ("→", ""),
    ("zero\u200bwidth\ufeff and so\u00adft", "zerowidth and soft"),
    ("bell\x07 and \ud800 half", "bell and half"),
    ("3 * 4 is 3*4", "3 × 4 is 3×4"),
    ("a → b, then c -> d", "a, b, then c, d"),
    ("Start: → go", "Start: go"),
    ("R&D: 5 % of 20 °C ≈ €3/day @ home, -4 ± 2 × 3", "R&D: 5 % of 20 °C ≈ €3/day @ home, -4 ± 2 × 3"),
    ("x^2 and ~5", "x^2 and ~5"),
    (r"2 \* 3 and \_this\_ in C:\temp", "2 × 3 and this in C: temp"),
    ("if a == b => stop", "if a = b, stop"),
    ("```python\nx = 1\n```", "x = 1"),
    ("[![a](b)](c) [", "a ["),
    ("it´s", "it's"),
    ("col·lecció · punt • fi", "col·lecció, punt, fi"),
    ("नमस्ते दुनिया, שָׁלוֹם, 你好。ฉันชื่อ", "नमस्ते दुनिया, שָׁלוֹם, 你好。ฉันชื่อ"),
    ("cafe\u0301", "caf\u00e9"),
    ("1️⃣ first", "1 first"),
]


@pytest.mark.parametrize(("text", "said"), SAID)
def test_what_is_said(text: str, said: str) -> None:
    assert speakable(text) == unicodedata.normalize("NFC", said)


MARKED = st.text(
    st.sampled_from("ab1 \n\t\\`*_~#>-=+|[](){}<>!/:.,;&^´·•→👍🏽\ufe0f\u200d\u0301°€\x1e\x1f\x00é\u1fef")
)
ANYTHING = st.one_of(st.text(), MARKED, st.lists(st.sampled_from([text for text, _ in SAID])).map("\n".join))
HARMLESS = st.text(st.characters(exclude_characters="[]()<>&:`~"))


@given(ANYTHING)
def test_what_can_be_said_stays_as_it_is(text: str) -> None:
    said = speakable(text)
    assert speakable(said) == said


@given(ANYTHING)
def test_nothing_that_nobody_says_is_left(text: str) -> None:
    said = speakable(text)
    assert len(said) <= 3 * len(text)
    assert said == "" or any(map(str.isalnum, said))
    assert not any(unicodedata.category(character).startswith("C") for character in said)
    assert said == " ".join(said.split())
    assert not set(said) & set("`*_|👍→•")


@given(HARMLESS)
@example("x\u200d1️⃣_ß²→漢#字")
def test_letters_and_digits_survive_in_order(text: str) -> None:
    assert spoken_letters(speakable(text)) == spoken_letters(text)


def spoken_letters(text: str) -> list[str]:
    return [one for one in unicodedata.normalize("NFD", text) if one.isalnum()]


LONG = [
    "- ",
    "[",
    "](b)",
    "👍 ",
    "&amp;",
    "\\",
    "_",
    "-",
    "=",
    "> ",
    "# ",
    "<!--",
    "<b ",
    "[a](b",
    "`",
    "→",
    " ",
    "![](",
]


@pytest.mark.parametrize("piece", LONG)
@pytest.mark.timeout(10)
def test_no_text_takes_long(piece: str) -> None:
    for text in (piece * 2_000 + "x", "[" * 1_000 + "x" + piece * 1_000):
        began = process_time()
        speakable(text)
        assert process_time() - began < 1
