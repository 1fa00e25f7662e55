"""Why a command ends without being done, and the exit code of each.

Owns the codes; every message is one line that says what to do next.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells the shell."""

    DONE = 0
    REFUSED = 1
    WRONG_USAGE = 2
    NOT_REACHABLE = 3
    INTERRUPTED = 130
    """As shells spell an end by Ctrl-C."""


class CommandError(Exception):
    """A command that ends here; its text goes to standard error."""

    exit_code = ExitCode.REFUSED


class RefusedError(CommandError):
    """The API said no."""

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.code = code


class LeftError(CommandError):
    """The person went by Ctrl-C; the text says how to come back."""

    exit_code = ExitCode.INTERRUPTED


class WrongUsageError(CommandError):
    """The command cannot mean anything."""

    exit_code = ExitCode.WRONG_USAGE


class NotReachableError(CommandError):
    """Nobody answers, or not now: the same request may succeed later."""

    exit_code = ExitCode.NOT_REACHABLE
