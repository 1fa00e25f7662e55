"""A conversation on a terminal that takes words back.

Text is appended as it comes; where it turns out different, only what differs is written again. An answer that
starts anew leaves the old one standing until they differ. Owns how messages become rows; must not move the
cursor (`canvas`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from api.cli.canvas import Canvas, Footer
from api.cli.ink import Tone
from api.cli.paper import STARTS_ANEW, Line, Notice, notice_lines, person_lines
from api.cli.reducer import Message
from api.cli.rows import Row, lay_out
from api.cli.safe_text import printable

LEAST_WIDTH: Final = 8
_MESSAGE: Final = "message"
_NOTICE: Final = "notice"


@dataclass
class _Entry:
    """A message that may still change; its rows show it from `origin` on."""

    message_id: str
    text: str = ""
    origin: int = 0
    rows: list[Row] = field(default_factory=list)

    def further_down(self) -> "_Entry":
        """The same message; what is still to come of it stands in a row of its own."""
        return _Entry(self.message_id, self.text, len(self.text))


class Screen:
    """Implements Paper."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._entry: _Entry | None = None
        self._last_block = ""

    @property
    def width(self) -> int:
        """Cells that a row may have; the last column stays free, so that no terminal wraps by itself."""
        return max(self._canvas.size.columns - 1, LEAST_WIDTH)

    def message(self, message: Message) -> None:
        """Show the message as it is now."""
        if message.role == "user":
            self._block(_MESSAGE, person_lines(message.text, self.width))
            return
        text = printable(message.text)
        entry = self._entry_of(message.message_id, text)
        if entry is None:
            return
        if message.is_final or not entry.text.startswith(text):
            self._let_say(entry, text)
        if message.is_final:
            self._close()

    def notice(self, notice: Notice) -> None:
        """Say something, unless it passes: that is for the footer."""
        if notice.passing:
            return
        entry = self._entry
        self._block(_NOTICE, notice_lines(notice, self.width))
        if entry is not None:
            self._entry = entry.further_down()

    def footer(self, lines: Sequence[Line], cursor: tuple[int, int] = (0, 0)) -> None:
        """Show lines below the text, the cursor in a row and column of them."""
        gap = (Line(),) if lines and self._last_block else ()
        row, column = cursor
        self._canvas.show(Footer((*gap, *lines), row + len(gap), column))

    def finish(self) -> None:
        """Leave the terminal with the cursor in an empty row."""
        self.footer(())
        self._close()

    def let_others_write(self) -> None:
        """Give up what stands there; text goes on in a new row."""
        self.footer(())
        self._canvas.release()
        if self._entry is not None:
            self._entry = self._entry.further_down()

    def _entry_of(self, message_id: str, text: str) -> _Entry | None:
        if self._entry is not None and self._entry.message_id == message_id:
            return self._entry
        if not text:
            return None
        self._block(_MESSAGE, ())
        self._entry = _Entry(message_id)
        return self._entry

    def _block(self, kind: str, lines: Sequence[Line]) -> None:
        """Lines that never change."""
        self._close()
        self._block_begins(kind, lines)

    def _block_begins(self, kind: str, lines: Sequence[Line] = ()) -> None:
        """Lines, and an empty one before them, except among notices."""
        follows_its_like = kind == self._last_block == _NOTICE
        gap = [Line()] if self._last_block and not follows_its_like else []
        self._last_block = kind
        self._canvas.append([*gap, *lines])

    def _let_say(self, entry: _Entry, text: str) -> None:
        if text == entry.text and not entry.rows:
            return
        if not entry.rows and self._last_block == _NOTICE:
            self._block_begins(_MESSAGE)
        rows = self._rows(entry, text)
        if rows is None or not self._canvas.rewrite([row.text for row in rows]):
            rows = self._begin_again(entry, text)
        entry.text, entry.rows = text, rows

    def _rows(self, entry: _Entry, text: str) -> list[Row] | None:
        """The rows of `text`; None when what must change stands above them."""
        if entry.rows and text.startswith(entry.text):
            return [*entry.rows[:-1], *lay_out(text, self.width, entry.rows[-1].start)]
        if not text.startswith(entry.text[: entry.origin]):
            return None
        return lay_out(text, self.width, entry.origin)

    def _begin_again(self, entry: _Entry, text: str) -> list[Row]:
        """Words that cannot be taken back are declared void."""
        self._canvas.append(notice_lines(Notice(STARTS_ANEW, Tone.WARNING), self.width))
        entry.origin = 0
        rows = lay_out(text, self.width)
        self._canvas.rewrite([row.text for row in rows])
        return rows

    def _close(self) -> None:
        self._entry = None
        self._canvas.release()
