"""Lines that begin with a slash: commands of a chat.

Owns their names. Must not carry them out.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HELP: Final = (
    "/stop stops the answer (like Ctrl-C) · /title TEXT names the session · /close ends it · "
    "/quit leaves it open (like Ctrl-D) · // begins a message with a slash"
)


class Command(StrEnum):
    """What a person may ask of a chat."""

    SAY = ""
    STOP = "stop"
    TITLE = "title"
    CLOSE = "close"
    QUIT = "quit"
    HELP = "help"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Asked:
    """A command and its text."""

    command: Command
    text: str


def read_line(line: str) -> Asked:
    """What `line` asks for: to say it, unless it begins with one slash."""
    if not line.startswith("/"):
        return Asked(Command.SAY, line)
    if line.startswith("//"):
        return Asked(Command.SAY, line[1:])
    name, _, text = line[1:].strip().partition(" ")
    known = name in {Command.STOP, Command.TITLE, Command.CLOSE, Command.QUIT, Command.HELP}
    takes_text = name == Command.TITLE
    if not known or (text.strip() and not takes_text):
        return Asked(Command.UNKNOWN, line)
    return Asked(Command(name), text.strip())
