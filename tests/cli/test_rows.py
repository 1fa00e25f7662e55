"""Where rows break."""

from hypothesis import given
from hypothesis import strategies as st

from api.cli.rows import lay_out

TEXTS = st.text(st.sampled_from("ab漢é \n\t👍"), max_size=60)
WIDTHS = st.integers(8, 20)


def _rows(text: str, width: int) -> list[str]:
    return [row.text for row in lay_out(text, width)]


def test_words_stay_whole() -> None:
    assert _rows("one two three", 8) == ["one two ", "three"]


def test_a_word_that_no_row_holds_is_split() -> None:
    assert _rows("to abcdefghijkl", 8) == ["to ", "abcdefgh", "ijkl"]


def test_line_feeds_are_rows() -> None:
    assert _rows("\n\na\n", 8) == ["", "", "a", ""]


def test_scripts_without_spaces_break_anywhere() -> None:
    assert _rows("漢漢漢漢漢", 8) == ["漢漢漢漢", "漢"]


@given(TEXTS, WIDTHS)
def test_no_row_is_too_wide_and_no_word_is_lost(text: str, width: int) -> None:
    rows = lay_out(text, width)
    assert all(row.cells <= width for row in rows)
    assert "".join("".join(row.text for row in rows).split()) == "".join(text.split())


@given(TEXTS, TEXTS, WIDTHS)
def test_what_is_appended_changes_the_last_row_only(text: str, more: str, width: int) -> None:
    rows = lay_out(text, width)
    assert [*rows[:-1], *lay_out(text + more, width, rows[-1].start)] == lay_out(text + more, width)
