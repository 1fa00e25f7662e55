"""Text laid out in rows of a terminal.

Owns where a row breaks: words stay whole where they fit. Online: what is appended to a text changes nothing
before its last row. Pure.
"""

import re
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

TAB: Final = "    "
_PIECES: Final = re.compile(
    r"\n"
    r"|[^\S\n]"
    # Scripts without spaces may break anywhere.
    r"|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
    r"|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+"
)


@dataclass(frozen=True)
class Row:
    """A row, and where in the text it begins."""

    start: int
    text: str

    @property
    def cells(self) -> int:
        """Its width on a terminal."""
        return cell_len(self.text)


def lay_out(text: str, width: int, start: int = 0) -> list[Row]:
    """The rows of `text` from `start` on, at most `width` cells each; at least one."""
    layout = _Layout(width, start)
    for piece in _PIECES.finditer(text, start):
        layout.add(piece.group(), piece.start())
    return layout.rows()


class _Layout:
    def __init__(self, width: int, start: int) -> None:
        self._width = width
        self._rows: list[Row] = []
        self._start, self._text, self._cells = start, "", 0

    def rows(self) -> list[Row]:
        return [*self._rows, Row(self._start, self._text)]

    def add(self, piece: str, place: int) -> None:
        if piece == "\n":
            self._break(place + 1)
        elif piece.isspace():
            self._add_space(TAB if piece == "\t" else piece, place + 1)
        else:
            self._add_word(piece, place)

    def _add_space(self, space: str, end: int) -> None:
        """Space that does not fit is the row's end itself."""
        cells = cell_len(space)
        if self._cells + cells <= self._width:
            self._append(space, cells)
        else:
            self._break(end)

    def _add_word(self, word: str, place: int) -> None:
        cells = cell_len(word)
        if self._cells and self._cells + cells > self._width:
            self._break(place)
        if cells <= self._width:
            self._append(word, cells)
        else:
            self._split(word, place)

    def _split(self, word: str, place: int) -> None:
        """A word that no row holds."""
        for index, character in enumerate(word):
            cells = cell_len(character)
            if self._cells + cells > self._width and self._text:
                self._break(place + index)
            self._append(character, cells)

    def _append(self, text: str, cells: int) -> None:
        self._text += text
        self._cells += cells

    def _break(self, start: int) -> None:
        self._rows.append(Row(self._start, self._text))
        self._start, self._text, self._cells = start, "", 0
