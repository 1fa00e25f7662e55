"""The line that a person is typing, and the lines before it.

Owns what each key does. Pure: knows no terminal.
"""

from collections.abc import Callable, Mapping
from typing import Final

from api.cli.keys import Key, Press, Typed
from api.cli.text_buffer import TextBuffer

_EDITS: Final[Mapping[Key, Callable[[TextBuffer], None]]] = {
    Press.NEW_LINE: TextBuffer.break_line,
    Press.BACKSPACE: TextBuffer.delete_before,
    Press.DELETE: TextBuffer.delete_after,
    Press.LEFT: TextBuffer.go_left,
    Press.RIGHT: TextBuffer.go_right,
    Press.WORD_LEFT: TextBuffer.go_word_left,
    Press.WORD_RIGHT: TextBuffer.go_word_right,
    Press.HOME: TextBuffer.go_to_line_start,
    Press.END: TextBuffer.go_to_line_end,
    Press.CUT_WORD: TextBuffer.cut_word,
    Press.CUT_TO_START: TextBuffer.cut_to_line_start,
    Press.CUT_TO_END: TextBuffer.cut_to_line_end,
}
_STEPS: Final[Mapping[Key, int]] = {Press.UP: -1, Press.DOWN: 1}


class LineEditor:
    """Takes keys; gives a line when one is finished."""

    def __init__(self) -> None:
        self._buffer = TextBuffer()
        self._lines: list[str] = []
        self._place = 0
        self._draft = ""

    @property
    def text(self) -> str:
        """What is typed so far."""
        return self._buffer.text

    @property
    def cursor(self) -> int:
        """How much of it stands before the cursor."""
        return self._buffer.cursor

    def press(self, key: Key) -> str | None:
        """Apply `key`; the finished line if it finishes one."""
        if key is Press.ENTER:
            return self._finished()
        if isinstance(key, Typed):
            self._buffer.insert(key.text)
        elif key in _STEPS:
            self._recall(_STEPS[key])
        elif key in _EDITS:
            _EDITS[key](self._buffer)
        return None

    def remember(self, line: str) -> None:
        """Let `line` be found with the arrow keys."""
        if line and (not self._lines or self._lines[-1] != line):
            self._lines.append(line)
        self._place = len(self._lines)

    def clear(self) -> None:
        """Give up what was typed."""
        self._buffer.replace("")
        self._place = len(self._lines)

    def _finished(self) -> str:
        line = self.text
        self.remember(line)
        self.clear()
        return line

    def _recall(self, step: int) -> None:
        place, latest = self._place + step, len(self._lines)
        if not 0 <= place <= latest:
            return
        if self._place == latest:
            self._draft = self.text
        self._place = place
        self._buffer.replace(self._draft if place == latest else self._lines[place])
