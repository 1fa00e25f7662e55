"""Where a sentence ends.

Owns the rules for end marks and line breaks. A rule looks ahead exactly as far as it needs to be sure, and
says so when that text is not there yet; so more text never changes an answer. Must not keep anything.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from activities.sentences.characters import (
    BRACKETS_CLOSING,
    DECORATION,
    EMOJI_BEHIND,
    ENDS,
    OPENING,
    SPECIAL,
    WIDE_ENDS,
    Open,
    Pairs,
    is_open,
    is_wide,
)
from activities.sentences.lookahead import Lookahead, MoreTextNeededError
from activities.sentences.words import Words

_PATIENCE: Final = 160
"""Code points up to which a sentence with a quotation or a bracket in it is kept whole."""
_WIDE_PATIENCE: Final = 60
"""The same, where a character is a syllable or more."""

_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_COMMAS: Final = ",，、"
_GOES_ON: Final = ",;:，、；：" + ENDS
_BULLETS: Final = "-–—*+•▪◦‣●○#>|"
_LIST_NUMBER: Final = re.compile(r"\d{1,3}|[^\W\d_]|[ivxIVX]{1,4}")
_LAST_WORD: Final = re.compile(r"[^\s\"'„“«»‘‚(\[{¿¡*_~/—–\u3040-\u30ff\u3400-\u9fff]*$")
_WORD_MAY_HAVE: Final = 32
_ATTRIBUTION: Final = {"zh": re.compile("[说說道问問喊答叫][道着著了]?$"), "ja": re.compile("^(?:と|って)")}
_ATTRIBUTION_WITHIN: Final = 8
_INVERTED: Final = re.compile("-(?:je|ils?|elles?|on)$")
_LONGEST_ORDINAL: Final = 2
"""Digits: no year is an ordinal."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How far a piece was looked at, in code points from its start, and what was open there."""

    position: int = 0
    begin: int = 0
    """Of what is visible."""
    open: Open = ()
    exhausted: bool = False
    """Whether no rule waits for more text."""


@dataclass(frozen=True, slots=True)
class _End:
    """An end mark with what belongs to it: more marks, quotes, brackets, emoji."""

    start: int
    marks: str
    stop: int
    open: Open
    is_closing: bool


class Rules:
    """Where sentences end in `language`, a BCP 47 tag."""

    def __init__(self, language: str) -> None:
        self._language = re.split("[-_]", language.lower())[0]
        self._pairs = Pairs(self._language)
        self._words = Words(self._language)

    def first_boundary(self, text: str, scan: Scan, limit: int, *, ended: bool) -> tuple[Scan, int | None]:
        """Go on from `scan`: where it got, and the first boundary that stands before `limit`.

        With `ended`, nothing comes behind `text`.
        """
        ahead = Lookahead(text, ended=ended)
        while special := SPECIAL.search(text, scan.position, limit):
            scan = replace(scan, position=special.start())
            try:
                scan, boundary = self._look_at(ahead, scan, limit)
            except MoreTextNeededError:
                return replace(scan, exhausted=False), None
            if boundary is not None:
                return scan, boundary
        return replace(scan, position=max(scan.position, min(len(text), limit)), exhausted=True), None

    def _look_at(self, ahead: Lookahead, scan: Scan, limit: int) -> tuple[Scan, int | None]:
        at, character = scan.position, ahead.text[scan.position]
        if _LINE_BREAK.match(character):
            following = ahead.visible(at)
            boundary = following if self._ends_line(ahead, at, following) else None
            return replace(scan, position=following), boundary
        if character not in ENDS:
            ahead.at(at + 1)
            return replace(scan, position=at + 1, open=self._pairs.after(ahead.text, at, scan.open)), None
        end = self._end(ahead, scan, limit)
        boundary = self._behind(ahead, scan.begin, end, limit) if end.stop < limit else None
        return replace(scan, position=end.stop, open=end.open), boundary

    def _end(self, ahead: Lookahead, scan: Scan, limit: int) -> _End:
        text, at, still_open, is_closing = ahead.text, scan.position, scan.open, False
        while at < limit and (character := ahead.at(at)):
            if character in ENDS or character == "\ufe0f":
                at += 1
            elif self._pairs.closes(text, at, still_open):
                is_closing = is_closing or character not in DECORATION
                still_open = self._pairs.closed(still_open, character)
                at += 1
            elif character in " \u00a0\u202f" and is_open(still_open, "»") and ahead.at(at + 1) == "»":
                at += 1
            else:
                break
        marks = text[scan.position : at].rstrip("\ufe0f")
        return _End(scan.position, "".join(m for m in marks if m in ENDS), at, still_open, is_closing)

    def _ends_line(self, ahead: Lookahead, at: int, following: int) -> bool:
        text = ahead.text
        first = ahead.at(following)
        if not first or len(_LINE_BREAK.findall(text, at, following)) > 1:
            return bool(first)
        if first in _BULLETS:
            return True
        line = text[:at].rstrip()
        goes_on = line[-1] in _COMMAS
        if (goes_on or first.islower()) and first.isalnum() and ahead.at(following + 1) in {".", ")"}:
            return True
        if goes_on:
            return False
        is_heading = _LINE_BREAK.split(line)[-1].lstrip().startswith("#")
        letter = ahead.at(self._first_letter(ahead, following))
        return is_heading or not line[-1].isalnum() or not letter.islower()

    def _behind(self, ahead: Lookahead, begin: int, end: _End, limit: int) -> int | None:
        """The boundary behind `end`, if one is there."""
        emoji_stop = EMOJI_BEHIND.match(ahead.text, end.stop).end()  # type: ignore[union-attr]  # matches nothing, too
        if emoji_stop > limit:
            return None
        following = ahead.visible(emoji_stop)
        first = ahead.at(following)
        if not first or _LINE_BREAK.search(ahead.text, emoji_stop, following):
            return None
        is_wide_end = _is_wide_end(ahead.text, end, first)
        if end.open and following - begin <= (_WIDE_PATIENCE if is_wide_end else _PATIENCE):
            return None
        if first in _GOES_ON or (following == end.stop and not is_wide_end):
            return None
        ends = self._wide_end_ends if is_wide_end else self._spaced_end_ends
        return following if ends(ahead, end, following) else None

    def _wide_end_ends(self, ahead: Lookahead, end: _End, following: int) -> bool:
        if end.marks == "．" and ahead.at(following).isdigit():
            return False
        if ahead.text[end.stop - 1] in BRACKETS_CLOSING:
            return ahead.text.lstrip()[0] in "（([【《〈"
        attribution = _ATTRIBUTION.get(self._language) if end.is_closing else None
        if attribution is None:
            return True
        return not attribution.search(ahead.until(following, _GOES_ON, _ATTRIBUTION_WITHIN))

    def _spaced_end_ends(self, ahead: Lookahead, end: _End, following: int) -> bool:
        first = ahead.at(following)
        letter = ahead.at(self._first_letter(ahead, following))
        if first in "¿¡":
            return True
        if "…" in end.marks or ".." in end.marks:
            return not letter.islower() and not letter.isdigit() and not self._is_i(ahead, following)
        if set(end.marks) == {"."}:
            return self._full_stop_ends(ahead, end, following, letter)
        if self._words.is_name(_word_before(ahead.text, end.start), end.marks):
            return False
        if not letter.islower():
            return True
        return not (end.is_closing or first in "—–-" or self._is_inverted(ahead, following))

    def _full_stop_ends(self, ahead: Lookahead, end: _End, following: int, letter: str) -> bool:
        word = _word_before(ahead.text, end.start)
        if letter.islower() or _is_list_number(ahead.text, end.start, word):
            return False
        if end.is_closing:
            return True
        if word.isdigit():
            is_ordinal = self._words.numbers_are_ordinals and _may_be_ordinal(ahead.text, end.start, word)
            return not is_ordinal or (not letter.isdigit() and self._begins(ahead, following))
        if self._words.is_unit(word) and ahead.text[: end.start - len(word)].rstrip()[-1:].isdigit():
            return True
        is_before_numbers = self._words.is_before_numbers(word)
        if letter.isdigit():
            return not is_before_numbers and not self._words.is_abbreviation(word)
        if (is_before_numbers and len(word) > 1) or not self._words.is_abbreviation(word):
            return True
        phrase = _phrase_before(ahead.text, end.start)
        if self._words.never_ends(word) or self._words.never_ends(phrase):
            return False
        return self._begins(ahead, following)

    def _begins(self, ahead: Lookahead, following: int) -> bool:
        return self._words.begins_sentences(ahead.word(self._first_letter(ahead, following), _WORD_MAY_HAVE))

    def _is_inverted(self, ahead: Lookahead, following: int) -> bool:
        """Whether the next word says who spoke, as "demanda-t-il" does."""
        return self._language == "fr" and bool(_INVERTED.search(ahead.word(following, _WORD_MAY_HAVE)))

    def _is_i(self, ahead: Lookahead, following: int) -> bool:
        """Whether the next word has its capital in the middle of a sentence, too."""
        return self._language == "en" and ahead.word(following, _WORD_MAY_HAVE)[:2] in {"I", "I'", "I’"}

    @staticmethod
    def _first_letter(ahead: Lookahead, following: int) -> int:
        """Where the first letter, digit or sign behind opening quotes and dashes stands."""
        for at in range(following, following + _WORD_MAY_HAVE):
            if ahead.at(at) not in OPENING:
                return at if ahead.at(at) else following
        return following


def _is_wide_end(text: str, end: _End, first: str) -> bool:
    if any(mark in WIDE_ENDS for mark in end.marks):
        return True
    before = text[end.start - 1 : end.start]
    if not is_wide(first):
        return False
    return (end.marks[-1] in "!?" and is_wide(before)) or (end.is_closing and set(end.marks) <= set("…⋯"))


def _word_before(text: str, at: int) -> str:
    found = _LAST_WORD.search(text, max(0, at - _WORD_MAY_HAVE), at)
    return found.group() if found else ""


def _phrase_before(text: str, at: int) -> str:
    """The last word and the abbreviation before it, without the space between them."""
    word = _word_before(text, at)
    before = text[: at - len(word)].rstrip()
    return _word_before(text, len(before)) + word if before.endswith(".") else word


def _may_be_ordinal(text: str, at: int, number: str) -> bool:
    """Not behind an abbreviation, as in "Nr. 7."."""
    before = text[: at - len(number)].rstrip()
    return len(number) <= _LONGEST_ORDINAL and (not before.endswith(".") or before[:-1][-1:].isdigit())


def _is_list_number(text: str, at: int, word: str) -> bool:
    """Whether `word` before the full stop at `at` counts the items of a list."""
    if not _LIST_NUMBER.fullmatch(word):
        return False
    before = text[: at - len(word)].rstrip(" \t*_#>" + "-–•")
    return not before or _LINE_BREAK.match(before[-1]) is not None or before[-1] in ":："
