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
    (re.compile(r"^[ ]*[-*_=|:+ ]*[-*_=|]{2}[-*_=|:+ ]*$", re.MULTILINE), _PAUSE),
    (re.compile(r"^[ ]*(?:>[ ]*)+", re.MULTILINE), ""),
    (re.compile(r"^[ ]*#{1,6}[ ]+([^\n]*?)[ #]*$", re.MULTILINE), rf"{_PAUSE}\1{_PAUSE}"),
    (re.compile(r"^[ ]*[-*+•‣][ ]+(?:\[[ xX]\][ ]+)?", re.MULTILINE), _PAUSE),
)
_LINKS: Final[tuple[Rule, ...]] = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(rf"</?(?:{_TAGS})(?:[ ][^<>]*)?/?>", re.IGNORECASE), " "),
    (re.compile(r"\[\^[^\[\]\s]*\]"), ""),
    (re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)"), r"\1"),
    (re.compile(r"!?\[([^\[\]]+)\]\[[^\[\]]*\]"), r"\1"),
    (re.compile(r"<?https?://(?:www\.)?([^\s/?#<>()\[\]]+)(?:[^\s<>()\[\]]*[^\s<>()\[\].,;:!?])?>?"), r"\1"),
    (re.compile(rf"&({'|'.join(_ENTITIES)});"), lambda found: _ENTITIES[found[1]]),
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
    (re.compile(rf"[|•‣{_ARROWS}]|[-=]+>|-{{2,}}"), _PAUSE),
    (re.compile(r"(?<![^\W_])·|·(?![^\W_])"), _PAUSE),
)
_SPACES: Final[tuple[Rule, ...]] = (
    (re.compile(rf"[\s{_PAUSE}]*{_PAUSE}[\s{_PAUSE}]*"), lambda found: _pause(found)),
    (re.compile(r"\s+"), " "),
)
_SPEAKS_FOR_ITSELF: Final = frozenset(".,;:!?…–—()[]{}\"«»„“”。、！？：；")  # noqa: RUF001 - they are meant
_EMOJI_BEFORE_END: Final = re.compile(r"[ ]*\x1e[ \x1e]*(?=[.,;:!?…])")
_EMOJI: Final = "\x1e"


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
    for rules in (_LINES, _LINKS, _MARKS, _PAUSES):
        text = _apply(rules, text)
    text = "".join(map(_without_emoji, text))
    text = _EMOJI_BEFORE_END.sub("", text).replace(_EMOJI, " ")
    return unicodedata.normalize("NFC", _apply(_SPACES, text).strip())


def _apply(rules: tuple[Rule, ...], text: str) -> str:
    for pattern, instead in rules:
        text = pattern.sub(instead, text)
    return text


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


def _pause(found: re.Match[str]) -> str:
    """A comma, but where a text begins or ends or pauses anyway."""
    before, after = found.string[: found.start()].rstrip()[-1:], found.string[found.end() :][:1]
    if not before or not after or before in _SPEAKS_FOR_ITSELF or after in _SPEAKS_FOR_ITSELF:
        return " "
    return ", "
