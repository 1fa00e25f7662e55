"""A phase as a row of a terminal: its name, its place in the plan, its sentences as a bar.

Owns the layout, which rich computes, and its styles. Must not draw (`canvas`).
"""

from io import StringIO
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.style import Style
from rich.table import Table
from rich.text import Text

from api.cli.ink import Tone
from api.cli.paper import Line
from api.cli.phase_progress import PhaseProgress
from api.cli.safe_text import one_line

LONGEST: Final = 84
"""A bar that is wider is harder to read, not easier."""
NAME_SHARE: Final = 3
"""A name takes at most this part of the row."""
LEAST_NAME: Final = 6
SPACIOUS: Final = 50
"""Cells from which on there is room for words."""
_NAME, _PLACE, _DONE = Style(bold=True), Style(dim=True), Style(color="green")
_LATE, _LEFT = Style(color="yellow"), Style(dim=True)
_TONES: Final = {_NAME: Tone.STRONG, _PLACE: Tone.ASIDE, _DONE: Tone.GOING_ON, _LATE: Tone.WARNING}


def phase_line(phase: PhaseProgress, width: int, *, coloured: bool) -> Line:
    """`phase` in at most `width` cells; what is left of the bar is blank where there are no colours."""
    width = min(width, LONGEST)
    console = Console(
        file=StringIO(), width=width, color_system="standard" if coloured else None, legacy_windows=False
    )
    rows = console.render_lines(_row(phase, width), console.options.update(width=width), pad=False)
    pieces = [(segment.text, _tone(segment.style)) for segment in rows[0]]
    return Line(tuple(pieces))


def _tone(style: Style | None) -> Tone:
    return _TONES.get(style, Tone.PLAIN) if style else Tone.PLAIN


def _row(phase: PhaseProgress, width: int) -> Table:
    name = one_line(phase.name, max(width // NAME_SHARE, LEAST_NAME))
    place = f"{phase.index} of {phase.of}"
    count = _count(phase, is_short=width < SPACIOUS)
    style = _LATE if phase.is_winding_down else _PLACE
    row = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for text in (name, place):
        row.add_column(no_wrap=True, min_width=cell_len(text))
    row.add_column(ratio=1)
    row.add_column(no_wrap=True, justify="right", min_width=cell_len(count))
    row.add_row(Text(name, _NAME), Text(place, _PLACE), _bar(phase), Text(count, style))
    return row


def _count(phase: PhaseProgress, *, is_short: bool) -> str:
    spent = str(phase.sentences) if phase.budget is None else f"{phase.sentences} of {phase.budget}"
    word = "ends" if is_short else "winding down"
    return f"{spent}, {word}" if phase.is_winding_down else spent


def _bar(phase: PhaseProgress) -> ProgressBar | Text:
    if phase.budget is None:
        return Text()
    done = _LATE if phase.is_winding_down else _DONE
    return ProgressBar(
        total=phase.budget,
        completed=min(phase.sentences, phase.budget),
        style=_LEFT,
        complete_style=done,
        finished_style=done,
    )
