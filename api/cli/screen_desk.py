"""A desk with a screen: what is typed stands below the conversation, also while an answer streams.

Owns the terminal while a chat lasts, and what its signals mean. Must not know sessions.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from api.cli.canvas import Canvas
from api.cli.desk import Footing
from api.cli.ink import Ink, Tone
from api.cli.keyboard import Keyboard
from api.cli.keys import Key, Press
from api.cli.line_editor import LineEditor
from api.cli.paper import Line
from api.cli.prompt import prompt_lines
from api.cli.safe_text import one_line
from api.cli.screen import Screen
from api.cli.terminal import is_coloured, terminal_size

SHARE: Final = 3
"""The prompt, and what waits, take at most this part of the terminal's rows each."""


class ScreenDesk:
    """Implements Desk over a terminal."""

    def __init__(self) -> None:
        self._canvas = Canvas(sys.stdout, terminal_size, Ink(coloured=is_coloured(sys.stdout)))
        self.paper = Screen(self._canvas)
        self._editor = LineEditor()
        self._keyboard = Keyboard(sys.stdin.fileno(), sys.stdout, self._press)
        self._left = asyncio.Event()
        self._footing = Footing(is_idle=False)
        self._hear: Callable[[str], None] = self.remember
        self._interrupt: Callable[[], None] = self._editor.clear

    @property
    def echoes(self) -> bool:
        """What is typed goes away when it is sent."""
        return False

    @property
    def has_keyboard(self) -> bool:
        """A terminal has one."""
        return True

    def open(self, hear: Callable[[str], None], interrupt: Callable[[], None]) -> None:
        """Take the terminal."""
        self._hear, self._interrupt = hear, interrupt
        self._keyboard.take()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, interrupt)
        loop.add_signal_handler(signal.SIGWINCH, self._draw)
        loop.add_signal_handler(signal.SIGTSTP, self._suspend)

    def close(self) -> None:
        """Give it back."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGWINCH, signal.SIGTSTP):
            loop.remove_signal_handler(number)
        self.paper.finish()
        self._keyboard.give_back()

    async def attend(self, quiet: Callable[[], Awaitable[None]]) -> None:  # noqa: ARG002 - Desk
        """Until Ctrl-D."""
        await self._left.wait()

    def drop_line(self) -> bool:
        """Give up what is typed."""
        had_text = bool(self._editor.text)
        self._editor.clear()
        self._draw()
        return had_text

    def remember(self, line: str) -> None:
        """Let an earlier line be found with the arrow keys."""
        self._editor.remember(line)

    def show(self, footing: Footing) -> None:
        """Show what is true now."""
        self._footing = footing
        self._draw()

    def _press(self, key: Key) -> None:
        if key is Press.INTERRUPT:
            self._interrupt()
        elif key is Press.HANG_UP or (key is Press.END_OF_INPUT and not self._editor.text):
            self._left.set()
        else:
            line = self._editor.press(Press.DELETE if key is Press.END_OF_INPUT else key)
            if line is not None:
                self._hear(line)
            self._draw()

    def _draw(self) -> None:
        width, most = self.paper.width, max(1, self._canvas.size.rows // SHARE)
        waiting = self._footing.waiting
        more = [f"… and {len(waiting) - most} more"] if len(waiting) > most else []
        shown = [*waiting[:most], *more, *([self._footing.status] if self._footing.status else [])]
        lines = [*self._footing.head(width)]
        lines += [Line(((one_line(text, width), Tone.ASIDE),)) for text in shown]
        cursor = (len(lines) - 1, lines[-1].cells) if lines else (0, 0)
        if self._footing.is_idle or self._editor.text:
            typed, (row, column) = prompt_lines(self._editor, width, most)
            cursor = (len(lines) + row, column)
            lines += typed
        self.paper.footer(lines, cursor)

    def _suspend(self) -> None:
        """Ctrl-Z: give the terminal to the shell, and take it again when the shell says so."""
        self.paper.let_others_write()
        self._keyboard.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._keyboard.take()
        self._draw()
