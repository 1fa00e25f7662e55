"""A desk at which nobody types.

Owns what a desk is without a keyboard: only Ctrl-C is heard. Must not read standard input.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from api.cli.desk import Footing
from api.cli.ink import Tone
from api.cli.paper import Line, Paper
from api.cli.view import View


class OnlookerDesk:
    """Implements Desk over standard output."""

    def __init__(self) -> None:
        self._view = View.of_output(notices_apart=False)

    @property
    def paper(self) -> Paper:
        """What is written on."""
        return self._view.paper

    @property
    def echoes(self) -> bool:
        """Nothing is typed."""
        return False

    @property
    def has_keyboard(self) -> bool:
        """There is none."""
        return False

    def open(self, hear: Callable[[str], None], interrupt: Callable[[], None]) -> None:  # noqa: ARG002 - Desk
        """Ctrl-C is a signal here."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupt)

    def close(self) -> None:
        """Let Ctrl-C end the program again."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        self._view.close()

    async def attend(self, quiet: Callable[[], Awaitable[None]]) -> None:  # noqa: ARG002 - Desk
        """For ever."""
        await asyncio.Event().wait()

    def drop_line(self) -> bool:
        """There is none."""
        return False

    def remember(self, line: str) -> None:
        """Nobody looks for it."""

    def show(self, footing: Footing) -> None:
        """Show what is true now."""
        status = [Line(((footing.status, Tone.ASIDE),))] if footing.status else []
        self._view.show([*footing.head(self._view.width), *status])
