"""Which bytes a `Range` header wants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Problem
from api.ranges import content_range, requested_range
from workflows.contract.errors import ErrorCode

SIZES = st.integers(1, 200)
PLACES = st.integers(0, 250)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-", range(10)),
        ("bytes=0-0", range(1)),
        ("bytes=3-5", range(3, 6)),
        ("Bytes= 3-5 ", range(3, 6)),
        ("bytes=9-", range(9, 10)),
        ("bytes=5-999999999999999999", range(5, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        (None, None),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-3", None),
        ("bytes=0-1,3-4", None),
        ("bytes=a-b", None),
        ("bytes=٣-", None),
        ("lines=0-1", None),
        ("bytes 0-1", None),
        ("bytes=0-1\n", None),
    ],
)
def test_a_range(header: str | None, wanted: range | None) -> None:
    assert requested_range(header, 10) == wanted


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_what_nothing_is_at_is_refused(header: str) -> None:
    with pytest.raises(Problem) as caught:
        requested_range(header, 10)
    assert caught.value.code is ErrorCode.RANGE_NOT_SATISFIABLE
    assert caught.value.headers == {"Content-Range": "bytes */10"}


@given(SIZES, PLACES, PLACES)
def test_a_range_is_what_a_slice_is(size: int, first: int, length: int) -> None:
    content, last = bytes(range(size)), first + length
    try:
        part = requested_range(f"bytes={first}-{last}", size)
    except Problem:
        assert first >= size
        return
    assert part is not None
    assert content[part.start : part.stop] == content[first : last + 1]
    assert content_range(part, size) == f"bytes {first}-{min(last, size - 1)}/{size}"


@given(SIZES, st.integers(1, 250))
def test_the_last_bytes_are_what_a_slice_is(size: int, length: int) -> None:
    part = requested_range(f"bytes=-{length}", size)
    assert part is not None
    assert bytes(range(size))[part.start : part.stop] == bytes(range(size))[-length:]


@given(st.one_of(st.text(), st.text("0123456789-, ").map("bytes=".__add__)), SIZES)
def test_any_header_is_answered(header: str, size: int) -> None:
    try:
        part = requested_range(header, size)
    except Problem:
        return
    assert part is None or 0 <= part.start < part.stop <= size
