"""What is said aloud of a sentence that was written to be read.

Owns which marks go, which symbols stay because voices read them, and which become a pause. Knows no language:
it never puts a word in. Must not know voices or audio.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

_PAUSE: Final = "\x1f"
"""Stands for a pause while a text is worked on; a text has no such character of its own."""

_READ_ALOUD: Final = frozenset("°©®™№℃℉℠℗℮")
"""Of the characters that Unicode files with emoji."""
_CLOTHES_OF_EMOJI: Final = frozenset("\ufe0e\ufe0f\u20e3\u034f")
_READ_MODIFIERS: Final = frozenset("^´")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": " ", "#39": "'"}
_TAGS: Final = (
    "a|b|blockquote|br|code|del|details|div|em|h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|pre|q|s|small|span|strong"
    "|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul"
)
_ARROWS: Final = "\u2190-\u21ff\u27f0-\u27ff\u2900-\u297f\u2b00-\u2b11\u2b30-\u2b4f"

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_LINES: Final[tuple[Rule, ...]] = (
    (re.compile(r"^[ ]*(?:```|~~~)[^\n`]*$", re.MULTILINE), ""),
    # A rule, the line under a heading, the line between a table's head and its rows.
    (re.compile(r"^(?=[^\n]*[-*_=|]{2})[-*_=|:+ ]+$", re.MULTILINE), _PAUSE),
    (re.compile(r"^[ ]*(?:>[ ]*)+", re.MULTILINE), ""),
    (re.compile(r"^[ ]*#{1,6}[ ]+([^\n]*)$", re.MULTILINE), lambda found: _heading(found[1])),
    (re.compile(r"^[ ]*(?:[-*+•‣][ ]+)+(?:\[[ xX]\][ ]+)?", re.MULTILINE), _PAUSE),
)
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)")
_ADDRESSES: Final[tuple[Rule, ...]] = (
    (re.compile(r"<!--[^<>]*-->"), ""),
    (re.compile(rf"</?(?:{_TAGS})(?:[ ][^<>]*)?/?>", re.IGNORECASE), " "),
    (re.compile(r"\[\^[^\[\]\s]*\]"), ""),
    (re.compile(r"!?\[([^\[\]]+)\]\[[^\[\]]*\]"), r"\1"),
    (re.compile(r"<?https?://(?:www\.)?([^\s/?#<>()\[\]]+)(?:[^\s<>()\[\]]*[^\s<>()\[\].,;:!?])?>?"), r"\1"),
    (re.compile(rf"&(?:amp;)*({'|'.join(_ENTITIES)});"), lambda found: _ENTITIES[found[1]]),
)
_MARKS: Final[tuple[Rule, ...]] = (
    (re.compile(r"\\(?=[!-/:-@\[-`{-~])"), ""),
    (re.compile(r"\\"), " "),
    (re.compile(r"`+"), ""),
    (re.compile(r"(?<=\d)([ ]?)\*(?=[ ]?\d)"), r"\1×"),
    (re.compile(r"\*+"), ""),
    (re.compile(r"(?<=[^\W_])_+(?=[^\W_])"), " "),
    (re.compile(r"_+"), ""),
    (re.compile(r"~{2,}"), ""),
    (re.compile(r"(?<!\S)#+(?!\S)"), ""),
    (re.compile(r"(?<=[^\W_][ ])={2,3}(?=[ ][^\W_])"), "="),
    (re.compile(r"={2,}(?!>)"), ""),
    (re.compile(r"(?<=[^\W\d_])´(?=[^\W\d_])"), "'"),
    (re.compile(r"´|(?<![^\W_])\^|\^(?![^\W_])"), ""),
)
_PAUSES: Final[tuple[Rule, ...]] = (
    (re.compile(rf"[|•‣{_ARROWS}]|(?<![-=])[-=]+>|-{{2,}}"), _PAUSE),
    (re.compile(r"(?<![^\W_])·|·(?![^\W_])"), _PAUSE),
)
_SPACE: Final = re.compile(r"[ \n]+")
_PAUSE_AND_SPACE: Final = re.compile(rf" ?{_PAUSE}[ {_PAUSE}]*")
_SPEAKS_FOR_ITSELF: Final = frozenset('.,;:!?…–—()[]{}"«»„“”。、！？：；')
_EMOJI: Final = "\x1e"
_EMOJI_AND_SPACE: Final = re.compile(rf" ?{_EMOJI}[ {_EMOJI}]*")
_ENDS: Final = frozenset(".,;:!?…")


def speakable(text: str) -> str:
    """What a voice is given of `text`: one line, empty when there is nothing to say.

    Speakable text stays as it is. At most three times as long as `text`, and nearly always shorter.
    """
    said = text
    while (shorter := _once(said)) != said:
        said = shorter
    return said if any(map(str.isalnum, said)) else ""


def _once(text: str) -> str:
    text = "".join(map(_visible, unicodedata.normalize("NFC", text)))
    text = _without_links(_apply(_LINES, text))
    for rules in (_ADDRESSES, _MARKS, _PAUSES):
        text = _apply(rules, text)
    text = _SPACE.sub(" ", "".join(map(_without_emoji, text)))
    text = _EMOJI_AND_SPACE.sub(_gap, text)
    text = _SPACE.sub(" ", _PAUSE_AND_SPACE.sub(_pause, text)).strip()
    return unicodedata.normalize("NFC", text)


def _apply(rules: tuple[Rule, ...], text: str) -> str:
    for pattern, instead in rules:
        text = pattern.sub(instead, text)
    return text


def _without_links(text: str) -> str:
    """With their text alone; links may be pictures of links."""
    while (unlinked := _LINK.sub(r"\1", text)) != text:
        text = unlinked
    return text


def _heading(title: str) -> str:
    """Without the marks at its end, which are none where they touch a word."""
    unmarked = title.rstrip().rstrip("#")
    return _PAUSE + (unmarked if unmarked.endswith(" ") else title) + _PAUSE


def _visible(character: str) -> str:
    """White space, as a blank or the end of a line; nothing for what nobody sees."""
    if character.isspace():
        return " " if unicodedata.category(character) == "Zs" or character == "\t" else "\n"
    # Unassigned ones, too: emoji that are younger than this Python.
    return "" if unicodedata.category(character).startswith("C") else character


def _without_emoji(character: str) -> str:
    if character in _CLOTHES_OF_EMOJI:
        return ""
    kind = unicodedata.category(character)
    is_picture = (kind == "So" and character not in _READ_ALOUD) or (
        kind == "Sk" and character not in _READ_MODIFIERS
    )
    return _EMOJI if is_picture else character


def _gap(found: re.Match[str]) -> str:
    return "" if found.string[found.end() :][:1] in _ENDS else " "


def _pause(found: re.Match[str]) -> str:
    """A comma, but where a text begins or ends or pauses anyway."""
    before, after = found.string[: found.start()].rstrip()[-1:], found.string[found.end() :][:1]
    if not before or not after or before in _SPEAKS_FOR_ITSELF or after in _SPEAKS_FOR_ITSELF:
        return " "
    return ", "
