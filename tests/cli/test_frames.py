"""Server-sent events, cut anywhere."""

from hypothesis import given
from hypothesis import strategies as st

from api.cli.frames import Frame, FrameParser

STREAM = (
    ": still here\n\n"
    'id: 1-1\nevent: message.delta\ndata: {"text":"a\u2028b\u2029c\\r\\n\x85\x0b\x0c\x1c😀"}\n\n'
    "id: 1-2\nevent: two\ndata: first\ndata: second\nretry: 5\n\n"
    "event: no data\n\n"
    "data:no space\n\n"
    "id: 1-3\r\nevent: windows\r\ndata: x\r\n\r\n"
    "id: 1-4\nevent: cut off\ndata: never"
).encode()
FRAMES = [
    Frame("1-1", "message.delta", '{"text":"a\u2028b\u2029c\\r\\n\x85\x0b\x0c\x1c😀"}'),
    Frame("1-2", "two", "first\nsecond"),
    Frame("1-2", "", "no space"),
    Frame("1-3", "windows", "x"),
]


def test_at_once() -> None:
    assert FrameParser().feed(STREAM) == FRAMES


def test_at_every_cut_point() -> None:
    for cut in range(len(STREAM) + 1):
        parser = FrameParser()
        assert [*parser.feed(STREAM[:cut]), *parser.feed(STREAM[cut:])] == FRAMES, cut


def test_byte_by_byte() -> None:
    parser = FrameParser()
    assert [frame for byte in STREAM for frame in parser.feed(bytes([byte]))] == FRAMES


@given(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back(text: str) -> None:
    frames = FrameParser().feed(f"id: 1\ndata: {text}\n\n".encode())
    assert frames == [Frame("1", "", text)]
