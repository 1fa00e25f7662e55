"""Titles of sessions, as people give them.

Owns what may be one. Must not give it.
"""

from typing import Final

from api.cli.errors import WrongUsageError

LONGEST: Final = 200


def checked_title(text: str) -> str:
    """`text`, where it can be a title. Raises WrongUsageError."""
    if not 1 <= len(text) <= LONGEST:
        raise WrongUsageError(f"Give a title of 1 to {LONGEST} characters.")
    return text
