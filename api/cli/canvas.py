"""The lower end of a terminal: rows that may still change, and a footer below them that goes away.

What is appended to the last row is written as it is. Everything else is found by counting rows upwards from
the cursor and written again from the first row that differs: no row may be wider than the terminal, so that
none wraps by itself. Owns every escape sequence that moves a cursor; must not know what the rows say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import ceil
from operator import eq
from typing import Final, TextIO

from rich.cells import cell_len

from api.cli.ink import Ink
from api.cli.paper import Line

_CLEAR_BELOW: Final = "\x1b[J"


@dataclass(frozen=True)
class Size:
    """Cells in a row, and rows, of a terminal."""

    columns: int
    rows: int


@dataclass(frozen=True)
class Footer:
    """Lines below the text, and where the cursor stands in them."""

    lines: tuple[Line, ...] = ()
    cursor_row: int = 0
    cursor_column: int = 0


class Canvas:
    """Writes to a terminal whose `size` may change."""

    def __init__(self, out: TextIO, size: Callable[[], Size], ink: Ink) -> None:
        self._out = out
        self._size = size
        self._ink = ink
        self._rows: Sequence[str] = ()
        self._footer = Footer()

    @property
    def size(self) -> Size:
        """The terminal's size now."""
        return self._size()

    def append(self, lines: Sequence[Line]) -> None:
        """Write lines that never change."""
        self.release()
        text = "".join(f"{line.painted(self._ink)}\n" for line in lines)
        self._write(self._back_to(0) + text + self._shown(self._footer))

    def rewrite(self, rows: Sequence[str]) -> bool:
        """Let the rows that may change be these; False when one to change is out of reach."""
        same = sum(1 for _ in takewhile(lambda pair: eq(*pair), zip(self._rows, rows, strict=False)))
        first = max(0, min(same, len(rows) - 1, len(self._rows) - 1))
        if self._rows_up_to(first) >= self.size.rows:
            return False
        if rows != self._rows:
            self._redraw(first, rows, self._footer)
        return True

    def show(self, footer: Footer) -> None:
        """Show this footer in place of the one before."""
        if footer != self._footer:
            self._redraw(max(0, len(self._rows) - 1), self._rows, footer)

    def release(self) -> None:
        """Let the rows that may change be final."""
        if self._rows and not self._footer.lines:
            self._write("\n")
        self._rows = ()

    def _redraw(self, first: int, rows: Sequence[str], footer: Footer) -> None:
        text = self._continued(first, rows) if not (self._footer.lines or footer.lines) else None
        if text is None:
            text = self._back_to(first) + "\n".join(rows[first:])
        self._rows, self._footer = rows, footer
        self._write(text + self._shown(footer))

    def _continued(self, first: int, rows: Sequence[str]) -> str | None:
        """What to append at the cursor to get from the old rows to these; None when that is not enough."""
        if not self._rows or first != len(self._rows) - 1 or not rows[first].startswith(self._rows[first]):
            return None
        return "\n".join((rows[first][len(self._rows[first]) :], *rows[first + 1 :]))

    def _back_to(self, first: int) -> str:
        """From the cursor to the beginning of this row, and nothing stands behind it any more."""
        up = self._rows_up_to(first)
        if not self._rows and not self._footer.lines:
            return ""
        return "\r" + (f"\x1b[{up}A" if up else "") + _CLEAR_BELOW

    def _rows_up_to(self, first: int) -> int:
        up = sum(self._height(cell_len(row)) for row in self._rows[first:])
        if self._footer.lines:
            return up + sum(
                self._height(line.cells) for line in self._footer.lines[: self._footer.cursor_row]
            )
        return max(0, up - 1)

    def _height(self, cells: int) -> int:
        """Rows that a row takes after the terminal has become narrower."""
        return max(1, ceil(cells / self.size.columns))

    def _shown(self, footer: Footer) -> str:
        if not footer.lines:
            return ""
        up = len(footer.lines) - 1 - footer.cursor_row
        return (
            ("\n" if self._rows else "")
            + "\n".join(line.painted(self._ink) for line in footer.lines)
            + "\r"
            + (f"\x1b[{up}A" if up else "")
            + (f"\x1b[{footer.cursor_column}C" if footer.cursor_column else "")
        )

    def _write(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()
