"""Cursors: spelled and read back, ordered by place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.store.cursor import BEGINNING, Cursor

CURSORS = st.builds(
    Cursor,
    st.integers(0, 10**15 - 1),
    st.integers(0, 10**15 - 1),
    write_id=st.none() | st.from_regex(r"[A-Za-z0-9._:-]{1,128}", fullmatch=True),
    print=st.none() | st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
)


@given(CURSORS)
def test_a_cursor_reads_back(cursor: Cursor) -> None:
    parsed = Cursor.parse(str(cursor))
    assert parsed is not None
    assert (parsed, parsed.write_id, parsed.print) == (cursor, cursor.write_id, cursor.print)


@given(CURSORS, CURSORS)
def test_exactly_one_order_holds(one: Cursor, other: Cursor) -> None:
    assert [one < other, one == other, one > other].count(True) == 1
    assert (one <= other) == (one < other or one == other)
    assert (one < other) == ((one.epoch, one.n) < (other.epoch, other.n))


def test_a_write_behind_the_same_entry_is_the_same_place() -> None:
    assert Cursor(1, 2, "w") == Cursor(1, 2, print="0badcafe")
    assert not Cursor(1, 2, "w") < Cursor(1, 2)
    assert not Cursor(1, 2, "w") > Cursor(1, 2)
    assert Cursor(1, 2, "w") > BEGINNING


@pytest.mark.parametrize(
    "text",
    ["", "1", "1-", "-1", "1-2~", "1-2.", "1-2.0badcaf", "1-2.0BADCAFE", "1-2~a b", "1-2 ", "1-2\n",
     "\u0661-\u0662", "+1-2", "1-2-3", f"{10**15}-1", "$", "1-2~" + "x" * 129],
)  # fmt: skip
def test_anything_else_is_no_cursor(text: str) -> None:
    assert Cursor.parse(text) is None
