"""A text that may not be complete, read ahead of a place in it.

Owns the difference between "nothing follows" and "nothing has followed yet". Must not know what is sought.
"""

import re
from typing import Final

_VISIBLE: Final = re.compile(r"\S")


class MoreTextNeededError(Exception):
    """Nobody can say yet what comes."""


class Lookahead:
    """Reads `text`, behind which nothing comes if it has `ended`. All methods raise MoreTextNeededError."""

    def __init__(self, text: str, *, ended: bool) -> None:
        self.text = text
        self._ended = ended

    def at(self, index: int) -> str:
        """The character there; empty behind the end."""
        if index < len(self.text):
            return self.text[index]
        if self._ended:
            return ""
        raise MoreTextNeededError

    def visible(self, index: int) -> int:
        """The first place from `index` on that is not white space, or the end."""
        found = _VISIBLE.search(self.text, index)
        if found is None and not self._ended:
            raise MoreTextNeededError
        return len(self.text) if found is None else found.start()

    def word(self, index: int, longest: int) -> str:
        """The word that begins there, apostrophes and hyphens in it included."""
        end = index
        while end < index + longest and (
            (character := self.at(end)).isalnum() or (character and character in "'’-")
        ):
            end += 1
        return self.text[index:end]

    def until(self, index: int, stops: str, longest: int) -> str:
        """What stands from `index` on before any of `stops`, no longer than that."""
        end = index
        while end < index + longest and (character := self.at(end)) and character not in stops:
            end += 1
        return self.text[index:end]
