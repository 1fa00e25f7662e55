"""The line that is being typed, as lines of a footer.

Owns how it is cut into rows and where the cursor stands in them. Pure.
"""

from typing import Final

from rich.cells import cell_len

from api.cli.ink import Tone
from api.cli.line_editor import LineEditor
from api.cli.paper import PERSON_MARK, Line
from api.cli.rows import TAB, Row, lay_out
from api.cli.safe_text import printable

_MARK_CELLS: Final = cell_len(PERSON_MARK)


def prompt_lines(editor: LineEditor, width: int, most: int) -> tuple[list[Line], tuple[int, int]]:
    """At most `most` rows around the cursor, and the cursor's row and column in them."""
    text, place = _shown(editor.text), len(_shown(editor.text[: editor.cursor]))
    # One cell is kept for a cursor behind the last character of a row.
    rows = lay_out(text, width - _MARK_CELLS - 1)
    at = max(index for index, row in enumerate(rows) if row.start <= place)
    column = min(cell_len(text[rows[at].start : place]), rows[at].cells)
    first = max(0, at - most + 1)
    lines = [_line(row, is_first=row is rows[0]) for row in rows[first : first + most]]
    return lines, (at - first, _MARK_CELLS + column)


def _shown(text: str) -> str:
    return printable(text).replace("\t", TAB)


def _line(row: Row, *, is_first: bool) -> Line:
    mark = PERSON_MARK if is_first else " " * _MARK_CELLS
    return Line(((mark, Tone.PROMPT), (row.text, Tone.PLAIN)))
