"""Rows and columns on a terminal.

Owns their widths: every column as wide as its widest cell, the last one cut where the terminal ends. Must not
know what stands in them.
"""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from api.cli.ink import Ink, Tone
from api.cli.safe_text import one_line

GAP: Final = "  "
LEAST_WIDTH: Final = 10

Cell = tuple[str, Tone]


def table_lines(rows: Sequence[Sequence[Cell]], width: int | None, ink: Ink) -> list[str]:
    """The rows as lines; `width` cells at most, or as many as they need."""
    widths = [max(cell_len(text) for text, _ in column) for column in zip(*rows, strict=True)]
    left = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    room = None if width is None else max(width - left, LEAST_WIDTH)
    return [_line(row, widths, room, ink) for row in rows]


def _line(row: Sequence[Cell], widths: Sequence[int], room: int | None, ink: Ink) -> str:
    *first, (last, tone) = row
    cells = [
        ink.paint(text, tone) + " " * (width - cell_len(text))
        for (text, tone), width in zip(first, widths[:-1], strict=True)
    ]
    return GAP.join([*cells, ink.paint(one_line(last, room), tone)]).rstrip()
