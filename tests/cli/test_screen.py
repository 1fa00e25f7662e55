"""What stands on a terminal, whatever was shown, corrected and typed in between."""

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from api.cli.canvas import Canvas, Size
from api.cli.ink import Ink, Tone
from api.cli.paper import STARTS_ANEW, Line, Notice
from api.cli.reducer import Message
from api.cli.screen import Screen
from tests.cli.terminal import Terminal
from tests.effort import examples


class _Out(StringIO):
    """Writes into a terminal, as a line discipline does."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal
        self.written = ""

    def write(self, text: str) -> int:
        self.written += text
        self._terminal.feed(text.replace("\n", "\r\n"))
        return len(text)


class _Shown:
    def __init__(self, columns: int = 20, rows: int = 40) -> None:
        self.terminal = Terminal(columns, rows)
        self.out = _Out(self.terminal)
        self.size = Size(columns, rows)
        self.screen = Screen(Canvas(self.out, lambda: self.size, Ink(coloured=False)))

    def message(self, text: str, status: str = "streaming", message_id: str = "a-1") -> None:
        self.screen.message(Message(message_id, "assistant", text, len(text), 1, status))

    def person(self, text: str) -> None:
        self.screen.message(Message("m-1", "user", text, len(text), 1, "complete"))

    def footer(self, *lines: str) -> None:
        self.screen.footer([Line(((line, Tone.PLAIN),)) for line in lines], (len(lines) - 1, 0))


def test_appended_text_is_written_without_any_escape_sequence() -> None:
    shown = _Shown()
    text = "one two three four\nfive"
    for end in range(1, len(text) + 1):
        shown.message(text[:end])
    assert shown.terminal.lines == ["one two three four", "five"]
    words = [word for word in text.split() if word != "four"]
    assert all(word in shown.out.written for word in words)
    assert shown.out.written.count("\x1b") == 0


def test_a_word_that_does_not_fit_moves_to_the_next_row() -> None:
    shown = _Shown(columns=12)
    for text in ("one two thr", "one two three"):
        shown.message(text)
    assert shown.terminal.lines == ["one two", "three"]


def test_a_message_that_starts_anew_stands_until_it_differs() -> None:
    shown = _Shown()
    shown.message("The first answer, quite long")
    shown.message("")
    shown.message("The f")
    assert shown.terminal.words == "The first answer, quite long"
    shown.message("The f-word")
    assert shown.terminal.words == "The f-word"
    shown.message("The f-words", "complete")
    assert shown.terminal.words == "The f-words"


def test_a_message_that_ends_shorter_is_cut() -> None:
    shown = _Shown()
    shown.message("Hello world, and all who live")
    shown.message("Hello wor", "stopped")
    shown.screen.notice(Notice("stopped"))
    assert shown.terminal.lines == ["Hello wor", "", "stopped", ""]


def test_words_out_of_reach_are_declared_void() -> None:
    shown = _Shown(rows=5)
    shown.message("\n".join("abcdefgh"))
    shown.message("something else")
    assert shown.terminal.words.endswith(f"{STARTS_ANEW} something else")


def test_the_footer_goes_away() -> None:
    shown = _Shown()
    shown.footer("first")
    shown.person("hello")
    shown.footer("waiting", "typed")
    shown.message("Hello")
    assert shown.terminal.lines == ["› hello", "", "Hello", "", "waiting", "typed"]
    shown.footer()
    assert shown.terminal.lines == ["› hello", "", "Hello"]
    shown.message("Hello you", "complete")
    assert shown.terminal.lines == ["› hello", "", "Hello you", ""]


def test_a_terminal_that_becomes_wider_keeps_one_copy() -> None:
    shown = _Shown(columns=20)
    shown.message("one two three four five")
    shown.size, shown.terminal.columns = Size(40, 40), 40
    shown.message("one two three four five six", "complete")
    assert shown.terminal.words == "one two three four five six"


def test_after_a_break_the_text_goes_on_in_a_new_row() -> None:
    shown = _Shown()
    shown.message("one two")
    shown.screen.let_others_write()
    shown.out.write("the shell wrote\n")
    shown.message("one two three", "complete")
    assert shown.terminal.words == "one two the shell wrote three"


def test_nothing_drives_the_terminal() -> None:
    shown = _Shown(columns=60)
    shown.message("\x1b[2Ja\rb\a\x9bc\x00d\x7fe\ud800f", "complete")
    assert shown.terminal.words == "␛[2Jab␇\ufffdc␀d␡e\ufffdf"
    assert "\x1b" not in shown.out.written


WORDS = st.lists(st.text(st.sampled_from("ab漢👍é"), min_size=1, max_size=12), max_size=12).map(" ".join)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), WORDS),
        st.tuples(st.just("change"), st.integers(0, 60), WORDS),
        st.tuples(st.just("footer"), st.lists(st.sampled_from(["x", "yy zz", "typed words"]), max_size=3)),
        st.tuples(st.just("notice"), st.just("")),
    ),
    max_size=25,
)


@examples(200)
@given(STEPS, st.integers(12, 30))
def test_whatever_happens_the_words_stand_there_once(steps: list[tuple[object, ...]], columns: int) -> None:
    """In a terminal high enough for all of it, in which nothing is out of reach."""
    shown, text, number = _Shown(columns, rows=200), "", 1
    said: list[str] = []
    for step in steps:
        match step:
            case ("grow", str(more)):
                text += f" {more}" if text else more
                shown.message(text, message_id=f"a-{number}")
            case ("change", int(place), str(other)):
                text = text[:place] + other
                shown.message(text, message_id=f"a-{number}")
            case ("footer", list(lines)):
                shown.footer(*lines)
            case ("notice", _):
                shown.message(text, "complete", f"a-{number}")
                shown.screen.notice(Notice("noted"))
                said, text, number = [*said, text, "noted"], "", number + 1
    shown.message(text, "complete", f"a-{number}")
    shown.footer()
    letters = "".join("".join([*said, text]).split())
    assert "".join("".join(shown.terminal.lines).split()) == letters
