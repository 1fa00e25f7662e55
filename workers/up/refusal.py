"""Owns how `up` says no: lines for a person and an exit code; must not print them."""

REFUSED = 1
WRONG_USAGE = 2


class UpRefusedError(Exception):
    """`up` cannot start, or cannot go on; each line names one component and what to do next."""

    def __init__(self, *lines: str, exit_code: int = REFUSED) -> None:
        super().__init__(*lines)
        self.lines = lines
        self.exit_code = exit_code


def reason_of(error: OSError) -> str:
    """Return the system's own words for an error, without the path and number around them."""
    return error.strerror or str(error)
