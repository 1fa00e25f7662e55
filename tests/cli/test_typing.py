"""From the bytes of a keyboard to a line and its place on the screen."""

import pytest

from api.cli.keys import Key, KeyDecoder, Press, Typed
from api.cli.line_editor import LineEditor
from api.cli.prompt import prompt_lines

BYTES = "hé\x1b[D\x1bOA\x1b[1;5C\x7f\x1b[200~a\r\nb\x1b[x\x1b[201~\x03\x04\r😀".encode()
KEYS: list[Key] = [
    Typed("hé"), Press.LEFT, Press.UP, Press.WORD_RIGHT, Press.BACKSPACE, Typed("a\nb\x1b[x"),
    Press.INTERRUPT, Press.END_OF_INPUT, Press.ENTER, Typed("😀"),
]  # fmt: skip


def _joined(keys: list[Key]) -> list[Key]:
    """Typed text as one key, however it was cut."""
    joined: list[Key] = []
    for key in keys:
        if isinstance(key, Typed) and joined and isinstance(joined[-1], Typed):
            joined[-1] = Typed(joined[-1].text + key.text)
        else:
            joined.append(key)
    return joined


def test_keys_at_every_cut_point_outside_of_escape_itself() -> None:
    """A lone escape is the key of that name: terminals send a sequence in one piece, or behind its escape."""
    for cut in range(len(BYTES) + 1):
        if BYTES[:cut].endswith(b"\x1b") and b"\x1b[200~" not in BYTES[: cut - 1]:
            continue
        decoder = KeyDecoder()
        keys = [*decoder.feed(BYTES[:cut]), *decoder.feed(BYTES[cut:])]
        assert _joined(keys) == KEYS, cut


@pytest.mark.parametrize("sequence", [b"\x1b", b"\x1b[99;99x", b"\x1b[I", b"\t", b"\x1c"])
def test_other_keys_do_nothing(sequence: bytes) -> None:
    editor = LineEditor()
    for key in KeyDecoder().feed(sequence):
        editor.press(key)
    assert editor.text == ""


def _typed(*keys: Key | str) -> LineEditor:
    editor = LineEditor()
    for key in keys:
        editor.press(Typed(key) if isinstance(key, str) else key)
    return editor


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        (("abc", Press.LEFT, "x"), "abxc", 3),
        (("abc", Press.LEFT, Press.BACKSPACE), "ac", 1),
        (("abc", Press.HOME, Press.DELETE, Press.BACKSPACE, Press.LEFT), "bc", 0),
        (("abc", Press.HOME, Press.RIGHT, Press.CUT_TO_END), "a", 1),
        (("one two ", Press.CUT_WORD), "one ", 4),
        (("one two", Press.WORD_LEFT, Press.CUT_TO_START), "two", 0),
        (("one two", Press.HOME, Press.WORD_RIGHT, "!"), "one! two", 4),
        (("one", Press.NEW_LINE, "two", Press.HOME, "x", Press.END, "y"), "one\nxtwoy", 9),
        (("a", Press.RIGHT, Press.RIGHT, Press.END, "b"), "ab", 2),
        (("a", Press.OTHER, Press.DOWN), "a", 1),
    ],
)
def test_edits(keys: tuple[Key | str, ...], text: str, cursor: int) -> None:
    editor = _typed(*keys)
    assert (editor.text, editor.cursor) == (text, cursor)


def test_enter_gives_the_line_and_begins_a_new_one() -> None:
    editor = _typed("hello")
    assert editor.press(Press.ENTER) == "hello"
    assert editor.text == ""


def test_arrows_find_earlier_lines_and_the_draft() -> None:
    editor = LineEditor()
    for line in ("one", "two", "two", ""):
        editor.remember(line)
    editor.press(Typed("draft"))
    seen = []
    for key in (Press.UP, Press.UP, Press.UP, Press.DOWN, Press.DOWN, Press.DOWN):
        editor.press(key)
        seen.append(editor.text)
    assert seen == ["two", "one", "one", "two", "draft", "draft"]


@pytest.mark.parametrize(
    ("keys", "rows", "cursor"),
    [
        ((), ["› "], (0, 2)),
        (("hello",), ["› hello"], (0, 7)),
        (("hello", Press.LEFT), ["› hello"], (0, 6)),
        (("one two three",), ["› one two ", "  three"], (1, 7)),
        (("漢字", Press.LEFT), ["› 漢字"], (0, 4)),
        (("a\tb",), ["› a    b"], (0, 8)),
        (("one\n",), ["› one", "  "], (1, 2)),
        (("a\nb\nc\nd",), ["  b", "  c", "  d"], (2, 3)),
        (("a\nb\nc\nd", Press.UP), ["  b", "  c", "  d"], (2, 3)),
    ],
)
def test_the_line_as_rows(keys: tuple[Key | str, ...], rows: list[str], cursor: tuple[int, int]) -> None:
    lines, place = prompt_lines(_typed(*keys), 11, 3)
    assert ["".join(text for text, _ in line.pieces) for line in lines] == rows
    assert place == cursor


def test_a_pasted_escape_is_shown_and_sent_as_it_is() -> None:
    editor = _typed("a\x1b[31mb")
    lines, _ = prompt_lines(editor, 40, 3)
    assert lines[0].pieces[1][0] == "a␛[31mb"
    assert editor.press(Press.ENTER) == "a\x1b[31mb"
