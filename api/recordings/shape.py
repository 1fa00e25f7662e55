"""What there is to know of a recording, and what may be wrong with one.

Owns the words between those who read formats and who asks them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

MOST_PIECES: Final = 100_000
"""Pages or elements of one file; five minutes of speech have a seventh of it. Keeps made-up files short."""


class InvalidRecordingError(Exception):
    """The bytes are no recording that can be used; the message says what is wrong, for people."""


class UnsupportedCodecError(Exception):
    """The file is right, and holds what is not taken; the message names it."""


@dataclass(frozen=True)
class Shape:
    """A recording that is whole."""

    length: timedelta | None
    """None: its file does not say."""


def broken_off() -> InvalidRecordingError:
    """The file ends in the middle of something."""
    return InvalidRecordingError("it breaks off: there are fewer bytes than it announces")
