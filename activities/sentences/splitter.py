"""Text in, sentences out: the text that waits, and what leaves it when.

Owns the waiting text and the bound on a piece. Every decision is taken from the text since the last boundary
alone, so that whoever starts behind a boundary decides the same. Must not know a language.
"""

import re
from typing import Final

from activities.sentences.boundaries import Rules, Scan
from activities.sentences.characters import unbroken_cut

LONGEST: Final = 400
"""Code points of a piece, white space around it not counted."""

_STEP: Final = 1024
"""Code points taken in at a time: looking at what waits is cheap only while it is short."""

_VISIBLE: Final = re.compile(r"\S")
_PLACES_TO_CUT: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"[.!?…][\"'”’»)\]*_]*(?=\s)|[。！？]+[”’」』）]*",
        r"[,;:–—](?=\s)|[，、；：]",
        r"(?=\s)",
    )
)
"""Ends of sentences that were held together, clauses, words: the best place first."""


class SentenceSplitter:
    """Splits one text in `language` (a BCP 47 tag; of an unknown one, the marks alone are known)."""

    def __init__(self, language: str = "en") -> None:
        self._rules = Rules(language)
        self._waiting = ""
        self._scan = Scan()

    @property
    def waiting(self) -> str:
        """Text that was fed and not given out yet."""
        return self._waiting

    def feed(self, text: str) -> list[str]:
        """The pieces that are complete now, in order, each with the white space behind it."""
        pieces: list[str] = []
        for start in range(0, len(text), _STEP):
            self._waiting += text[start : start + _STEP]
            pieces += self._complete(ended=False)
        return pieces

    def finish(self) -> list[str]:
        """What is left, as last pieces."""
        pieces = self._complete(ended=True)
        if self._waiting:
            pieces.append(self._take(len(self._waiting)))
        return pieces

    def _complete(self, *, ended: bool) -> list[str]:
        pieces = []
        while boundary := self._boundary(ended=ended):
            pieces.append(self._take(boundary))
        return pieces

    def _take(self, end: int) -> str:
        piece, self._waiting = self._waiting[:end], self._waiting[end:]
        self._scan = Scan()
        return piece

    def _boundary(self, *, ended: bool) -> int | None:
        """Where the first piece ends; None while more of the text could move that."""
        first = _VISIBLE.search(self._waiting, self._scan.position)
        if first is None:
            return None
        if self._scan.position == 0:
            self._scan = Scan(position=first.start(), begin=first.start())
        limit = self._scan.begin + LONGEST
        self._scan, boundary = self._rules.first_boundary(self._waiting, self._scan, limit, ended=ended)
        if boundary is not None or not self._scan.exhausted:
            return boundary
        beyond = _VISIBLE.search(self._waiting, limit)
        return None if beyond is None else _cut(self._waiting, self._scan.begin, limit)


def _cut(text: str, begin: int, limit: int) -> int:
    """Where to cut a sentence that is too long: something visible stands at `limit` or behind it."""
    for places in _PLACES_TO_CUT:
        ends = [match.end() for match in places.finditer(text, begin + 1, limit + 1) if match.end() <= limit]
        if ends:
            visible = _VISIBLE.search(text, ends[-1])
            return visible.start() if visible else limit
    return unbroken_cut(text, begin, limit)
