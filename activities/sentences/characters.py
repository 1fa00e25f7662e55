"""Classes of characters, and which quotations and brackets are open.

Owns what a single character means, whatever the language, except that German opens with what French closes
with. Must not decide where a sentence ends.
"""

import re
import unicodedata
from typing import Final

ENDS: Final = ".!?…‽⁇⁈⁉‼⋯。！？｡．।॥؟۔።"
WIDE_ENDS: Final = "。！？｡．"
"""No space is needed behind these."""

_PAIRS: Final = (
    "„“”",
    "‚‘’",
    "“”",
    "‘’",
    "«»",
    "‹›",
    "「」",
    "『』",
    "﹁﹂",
    "()",
    "[]",
    "（）",
    "【】",
    "《》",
    "〈〉",
)
"""What opens, and all that may close it."""
_OPENED_INSIDE_OUT: Final = ("»«", "›‹")
_LANGUAGES_INSIDE_OUT: Final = frozenset({"de", "da"})
BRACKETS_CLOSING: Final = ")]）】》〉"
STRAIGHT: Final = '"'
_CLOSING: Final = "".join(sorted({closing for pair in _PAIRS for closing in pair[1:]} - {"“", "‘"})) + "'"
DECORATION: Final = "*_~"

OPENING: Final = frozenset("\"'„‚“‘«»‹›「『（([【《〈*_~¿¡—–-")
"""May stand between white space and the first letter of a sentence."""

SPECIAL: Final = re.compile(
    "["
    + re.escape(ENDS + STRAIGHT + "".join({c for p in _PAIRS for c in p}))
    + r"\r\n\x0b\x0c\x85\u2028\u2029]"
)
"""What a scan stops at."""

_EMOJI: Final = "\U0001f000-\U0001faff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff"
_EMOJI_PARTS: Final = "\ufe0f\u200d\u20e3\U000e0020-\U000e007f"
EMOJI_BEHIND: Final = re.compile(f"(?:[^\\S\\r\\n]*[{_EMOJI}][{_EMOJI}{_EMOJI_PARTS}]*)*")
"""Emoji on the same line, which belong to what they follow."""

_WIDE_LETTERS: Final = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_NEVER_FIRST: Final = re.compile(f"[{_EMOJI_PARTS}\U0001f3fb-\U0001f3ff]")
_FLAG_LETTERS: Final = re.compile("[\U0001f1e6-\U0001f1ff]+$")
_LONGEST_CLUSTER: Final = 40


def is_wide(character: str) -> bool:
    """Whether it is a letter of a script that puts no spaces between words."""
    return _WIDE_LETTERS.match(character) is not None


Open = tuple[str, ...]
"""Quotations and brackets that are open, the outermost first: of each, the characters that close it."""


class Pairs:
    """What opens and closes in `language`."""

    def __init__(self, language: str) -> None:
        inside_out = language in _LANGUAGES_INSIDE_OUT
        pairs = (*_PAIRS, *_OPENED_INSIDE_OUT) if inside_out else _PAIRS
        self._closers = {pair[0]: pair[1:] for pair in pairs}

    def after(self, text: str, at: int, still_open: Open) -> Open:
        """What is open behind the character at `at`; `still_open` was open before it."""
        character = text[at]
        if _is_apostrophe(text, at) or _is_smiley(text, at):
            return still_open
        if is_open(still_open, character):
            return self.closed(still_open, character)
        if character == STRAIGHT:
            return (*still_open, STRAIGHT) if _may_open(text, at) else still_open
        closers = self._closers.get(character)
        return still_open if closers is None else (*still_open, closers)

    @staticmethod
    def closed(still_open: Open, character: str) -> Open:
        """What is open behind a `character` that closes, with all that was opened inside."""
        for depth in range(len(still_open) - 1, -1, -1):
            if character in still_open[depth]:
                return still_open[:depth]
        return still_open

    @staticmethod
    def closes(text: str, at: int, still_open: Open) -> bool:
        """Whether the character behind an end mark belongs to that sentence."""
        character = text[at]
        if character in DECORATION:
            before = text.count(character, 0, at)
            return before % 2 == 1 or before % 4 == 2 or text[at - 1] == character  # noqa: PLR2004  # `**` opens
        if character == STRAIGHT:
            return is_open(still_open, STRAIGHT) or text[at - 1] not in WIDE_ENDS
        return character in _CLOSING or is_open(still_open, character)


def is_open(still_open: Open, closing: str) -> bool:
    """Whether `closing` would close something."""
    return any(closing in closers for closers in still_open)


def _is_apostrophe(text: str, at: int) -> bool:
    return text[at] == "’" and at > 0 and text[at - 1].isalnum() and text[at + 1 : at + 2].isalnum()


def _is_smiley(text: str, at: int) -> bool:
    return text[at] in "()" and at > 0 and text[at - 1] in ":;=-"


def _may_open(text: str, at: int) -> bool:
    if at == 0:
        return True
    before = text[at - 1]
    return before.isspace() or before in OPENING or before in ":：，、" + WIDE_ENDS or is_wide(before)


def unbroken_cut(text: str, begin: int, limit: int) -> int:
    """The last place up to `limit` that is not inside what a reader sees as one character."""
    for cut in range(limit, max(begin, limit - _LONGEST_CLUSTER), -1):
        if not _is_inside_cluster(text, begin, cut):
            return cut
    return limit


def _is_inside_cluster(text: str, begin: int, cut: int) -> bool:
    following = text[cut]
    if _NEVER_FIRST.match(following) or unicodedata.combining(following) or text[cut - 1] == "\u200d":
        return True
    flags = _FLAG_LETTERS.search(text, begin, cut)
    return bool(flags and _FLAG_LETTERS.match(following) and len(flags.group()) % 2)
