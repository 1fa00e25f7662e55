"""Text that is being edited, and the place of the cursor in it.

Owns what each edit does. Pure: knows neither keys nor terminals.
"""

import re
from typing import Final

_WORD_BEFORE: Final = re.compile(r"\S*\s*\Z")
_WORD_AFTER: Final = re.compile(r"\s*\S*")


class TextBuffer:
    """A text with a cursor between its characters."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0

    def replace(self, text: str) -> None:
        """Begin with this text."""
        self.text, self.cursor = text, len(text)

    def insert(self, text: str) -> None:
        """Put `text` where the cursor is."""
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def break_line(self) -> None:
        """Begin a new line."""
        self.insert("\n")

    def delete_before(self) -> None:
        """Take the character before the cursor."""
        self._cut(max(self.cursor - 1, 0), self.cursor)

    def delete_after(self) -> None:
        """Take the character behind the cursor."""
        self._cut(self.cursor, self.cursor + 1)

    def cut_word(self) -> None:
        """Take the word before the cursor."""
        self._cut(self._word_start(), self.cursor)

    def cut_to_line_start(self) -> None:
        """Take all of the line before the cursor."""
        self._cut(self._line_start(), self.cursor)

    def cut_to_line_end(self) -> None:
        """Take all of the line behind the cursor."""
        self._cut(self.cursor, self._line_end())

    def go_left(self) -> None:
        """One character back."""
        self.cursor = max(self.cursor - 1, 0)

    def go_right(self) -> None:
        """One character on."""
        self.cursor = min(self.cursor + 1, len(self.text))

    def go_word_left(self) -> None:
        """To the beginning of a word."""
        self.cursor = self._word_start()

    def go_word_right(self) -> None:
        """To the end of a word."""
        found = _WORD_AFTER.match(self.text, self.cursor)
        self.cursor = found.end() if found else self.cursor

    def go_to_line_start(self) -> None:
        """To the beginning of the line."""
        self.cursor = self._line_start()

    def go_to_line_end(self) -> None:
        """To the end of the line."""
        self.cursor = self._line_end()

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _word_start(self) -> int:
        found = _WORD_BEFORE.search(self.text, 0, self.cursor)
        return found.start() if found else 0

    def _line_start(self) -> int:
        return self.text.rfind("\n", 0, self.cursor) + 1

    def _line_end(self) -> int:
        end = self.text.find("\n", self.cursor)
        return len(self.text) if end < 0 else end
