"""What a conversation is written on: a screen that takes words back, or a roll that cannot.

Owns the words that both share; must not write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rich.cells import cell_len

from api.cli.ink import Ink, Tone
from api.cli.reducer import Message
from api.cli.rows import lay_out
from api.cli.safe_text import one_line, printable

PERSON_MARK: Final = "› "
STARTS_ANEW: Final = "the answer starts anew; what stands above of it does not count"


@dataclass(frozen=True)
class Notice:
    """A line about the conversation; a passing one is said only where it cannot be shown for a while."""

    text: str
    tone: Tone = Tone.ASIDE
    passing: bool = False
    unbroken: bool = False
    """Whether it is left to the terminal where the line breaks, so that an address can be copied."""


@dataclass(frozen=True)
class Line:
    """A row of a terminal: pieces of text, each in its tone."""

    pieces: tuple[tuple[str, Tone], ...] = ()

    @property
    def cells(self) -> int:
        """Its width on a terminal."""
        return cell_len("".join(text for text, _ in self.pieces))

    def painted(self, ink: Ink) -> str:
        """As it goes to the terminal."""
        return "".join(ink.paint(text, tone) for text, tone in self.pieces)


class Paper(Protocol):
    """Takes messages and notices in the order in which they belong."""

    def message(self, message: Message) -> None:
        """Show the message as it is now, in place of what was shown of it."""

    def notice(self, notice: Notice) -> None:
        """Say something about the conversation."""


def person_lines(text: str, width: int) -> Sequence[Line]:
    """What a person said, as a block."""
    mark_cells = cell_len(PERSON_MARK)
    rows = lay_out(printable(text), width - mark_cells)
    marks = [PERSON_MARK, *[" " * mark_cells] * (len(rows) - 1)]
    return [
        Line(((mark, Tone.PROMPT), (row.text, Tone.PERSON))) for mark, row in zip(marks, rows, strict=True)
    ]


def notice_lines(notice: Notice, width: int) -> Sequence[Line]:
    """A notice, as a block."""
    if notice.unbroken:
        return [Line(((one_line(notice.text), notice.tone),))]
    return [Line(((row.text, notice.tone),)) for row in lay_out(printable(notice.text), width)]
