"""A conversation that is only looked at: the screen or the roll, and a status below it.

Owns the choice between them for commands that read no keys. Must not know events.
"""

import sys
from collections.abc import Sequence
from io import StringIO
from typing import Self

from api.cli.canvas import Canvas
from api.cli.ink import Ink, Tone
from api.cli.paper import Line, Paper
from api.cli.roll import Roll
from api.cli.safe_text import one_line
from api.cli.screen import Screen
from api.cli.terminal import is_coloured, is_screen, terminal_size


class View:
    """Paper, and a line for what is true now."""

    def __init__(self, paper: Paper, screen: Screen | None = None) -> None:
        self.paper = paper
        self._screen = screen

    @classmethod
    def of_output(cls, *, notices_apart: bool) -> Self:
        """Standard output; notices go to standard error where output is a pipe for words only."""
        out, ink = sys.stdout, Ink(coloured=is_coloured(sys.stdout))
        if is_screen(out):
            screen = Screen(Canvas(out, terminal_size, ink))
            return cls(screen, screen)
        notices = sys.stderr if notices_apart and not out.isatty() else out
        return cls(Roll(out, notices, ink, streams=out.isatty()))

    @classmethod
    def silent(cls) -> Self:
        """Nothing is shown."""
        nowhere = StringIO()
        return cls(Roll(nowhere, nowhere, Ink(coloured=False), streams=False))

    def close(self) -> None:
        """Nothing more comes."""
        if self._screen is not None:
            self._screen.finish()

    @property
    def width(self) -> int:
        """Cells that a line may have."""
        return self._screen.width if self._screen is not None else terminal_size().columns

    def status(self, text: str) -> None:
        """Show what is true now, where that can be taken back."""
        self.show([Line(((one_line(text, self.width), Tone.ASIDE),))] if text else [])

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines, none wider than `width`, where they can be taken back."""
        if self._screen is not None:
            self._screen.footer(lines, (len(lines) - 1, lines[-1].cells) if lines else (0, 0))
