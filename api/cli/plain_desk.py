"""A desk without a screen: pipes, files, dumb terminals.

Owns the order of lines and answers there: a pipe's next line waits until the last one is answered, so that a
script converses. Must not know escape sequences.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from api.cli.desk import Footing
from api.cli.ink import Ink
from api.cli.line_reader import LineReader
from api.cli.paper import PERSON_MARK
from api.cli.roll import Roll


class PlainDesk:
    """Implements Desk over standard input and output."""

    def __init__(self) -> None:
        self._out_is_terminal = sys.stdout.isatty()
        self._in_is_terminal = sys.stdin.isatty()
        self._prompted = False
        self._hear: Callable[[str], None] = self.remember
        notices = sys.stdout if self._out_is_terminal else sys.stderr
        self.paper = Roll(sys.stdout, notices, Ink(coloured=False), streams=self._out_is_terminal)

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return self._in_is_terminal and self._out_is_terminal

    @property
    def has_keyboard(self) -> bool:
        """Whether it is no pipe."""
        return self._in_is_terminal

    def open(self, hear: Callable[[str], None], interrupt: Callable[[], None]) -> None:
        """Ctrl-C is a signal here."""
        self._hear = hear
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupt)

    def close(self) -> None:
        """Let Ctrl-C end the program again."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)

    async def attend(self, quiet: Callable[[], Awaitable[None]]) -> None:
        """Until the end of standard input."""
        reader = LineReader(sys.stdin.fileno())
        while (line := await reader.line()) is not None:
            self._prompted = False
            self._hear(line)
            if not self._in_is_terminal:
                await quiet()

    def drop_line(self) -> bool:
        """What is typed belongs to the terminal, which has given it up by itself."""
        if self.echoes:
            sys.stdout.write("\n")
        self._prompted = False
        return False

    def remember(self, line: str) -> None:
        """There is no way to find it again."""

    def show(self, footing: Footing) -> None:
        """Say when it is the person's turn."""
        if footing.is_idle and self.echoes and not self._prompted:
            sys.stdout.write(f"\n{PERSON_MARK}")
            sys.stdout.flush()
        self._prompted = footing.is_idle
