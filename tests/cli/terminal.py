"""A terminal for tests: what a person sees when a program writes these characters.

Owns the part of ECMA-48 that the client uses; anything else is an error, so that no sequence goes unnoticed.
"""

import re

from rich.cells import cell_len

_SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
_UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*)?\Z")


class Terminal:
    """Rows that scroll; wraps by itself at its right edge."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns = columns
        self.rows = rows
        self.bells = 0
        self._cells: list[list[str]] = [[]]
        self._row = 0
        self._column = 0
        self._rest = ""

    @property
    def lines(self) -> list[str]:
        """Everything, what has scrolled away included."""
        return ["".join(cells).rstrip() for cells in self._cells]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip()

    @property
    def words(self) -> str:
        """The text with every space and line break as one space."""
        return " ".join(self.text.split())

    @property
    def letters(self) -> str:
        """The text without spaces and line breaks, for what may break in the middle of a word."""
        return "".join(self.text.split())

    @property
    def cursor(self) -> tuple[int, int]:
        return self._row, self._column

    def feed(self, text: str) -> None:
        self._rest += text
        while self._rest and not _UNFINISHED.match(self._rest):
            sequence = _SEQUENCE.match(self._rest)
            if sequence:
                self._obey(sequence[1], sequence[2])
            else:
                assert self._rest[0] != "\x1b", f"unknown sequence {self._rest[:8]!r}"
                self._write(self._rest[0])
            self._rest = self._rest[sequence.end() if sequence else 1 :]

    def _obey(self, arguments: str, final: str) -> None:
        match final:
            case "A":
                top = max(0, len(self._cells) - self.rows)
                self._row = max(top, self._row - int(arguments or 1))
            case "C":
                self._column = min(self.columns - 1, self._column + int(arguments or 1))
            case "J" if arguments in {"", "0"}:
                del self._cells[self._row + 1 :]
                del self._cells[self._row][self._column :]
            case "m":
                pass
            case "h" | "l" if arguments == "?2004":
                pass
            case _:
                raise AssertionError(f"unknown sequence {arguments}{final}")

    def _write(self, character: str) -> None:
        match character:
            case "\n":
                self._feed_line()
            case "\r":
                self._column = 0
            case "\a":
                self.bells += 1
            case _:
                assert character.isprintable() or character in "\u200d\ufe0f", f"control {character!r}"
                self._put(character)

    def _put(self, character: str) -> None:
        width = cell_len(character)
        if self._column + width > self.columns:
            self._feed_line()
            self._column = 0
        cells = self._cells[self._row]
        cells += [" "] * (self._column - len(cells))
        if width == 0:
            cells[max(0, self._column - 1) :] = ["".join(cells[max(0, self._column - 1) :]) + character]
            return
        cells[self._column : self._column + width] = [character, *[""] * (width - 1)]
        self._column += width

    def _feed_line(self) -> None:
        """The line discipline adds the carriage return."""
        self._row += 1
        if self._row == len(self._cells):
            self._cells.append([])
