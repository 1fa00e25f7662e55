"""Where a person sits: something to read from, something to write on.

Owns what a chat asks of both; must not be either.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from api.cli.paper import Line, Paper


def _no_lines(_: int) -> Sequence[Line]:
    return ()


@dataclass(frozen=True)
class Footing:
    """What is to be seen while it is true."""

    waiting: tuple[str, ...] = ()
    status: str = ""
    is_idle: bool = True
    """Whether it is the person's turn."""
    head: Callable[[int], Sequence[Line]] = _no_lines
    """Lines above all others, in at most so many cells; only where they can be taken back."""


class Desk(Protocol):
    """A terminal, or a pipe."""

    @property
    def paper(self) -> Paper:
        """What the conversation is written on."""

    @property
    def echoes(self) -> bool:
        """Whether what the person types stands there by itself."""

    @property
    def has_keyboard(self) -> bool:
        """Whether a person types here."""

    def open(self, hear: Callable[[str], None], interrupt: Callable[[], None]) -> None:
        """Take the terminal; every line goes to `hear`, and Ctrl-C is `interrupt`."""

    def close(self) -> None:
        """Give it back."""

    async def attend(self, quiet: Callable[[], Awaitable[None]]) -> None:
        """Until the end of input; `quiet` returns when all is answered."""

    def drop_line(self) -> bool:
        """Give up what is typed; whether there was something."""

    def remember(self, line: str) -> None:
        """Let the person find this earlier line again."""

    def show(self, footing: Footing) -> None:
        """Show what is true now."""
