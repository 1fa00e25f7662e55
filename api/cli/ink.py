"""Colours and weights, by what they mean.

Owns the escape sequences of styles; a terminal without colours gets none. Must not know what is written.
"""

from enum import StrEnum
from typing import Final


class Tone(StrEnum):
    """How a line is meant."""

    PLAIN = ""
    PERSON = "1"
    PROMPT = "1;36"
    STRONG = "1"
    GOING_ON = "32"
    ASIDE = "2"
    WARNING = "33"
    TROUBLE = "31"


_RESET: Final = "\x1b[0m"


class Ink:
    """Styles text, or leaves it alone."""

    def __init__(self, *, coloured: bool) -> None:
        self._coloured = coloured

    def paint(self, text: str, tone: Tone) -> str:
        """`text` in `tone`."""
        if not self._coloured or not tone or not text:
            return text
        return f"\x1b[{tone}m{text}{_RESET}"
