"""Owns whom a name sounds like, and which language a text is in. Pure; must not know how espeak is called."""

import zlib
from collections import Counter
from dataclasses import dataclass

LANGUAGE_PREFIX = "espeak:"
_KANA, _HAN = "ja", "cmn"
_SCRIPTS = (
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "ru"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x3040, 0x30FF, _KANA),
    (0x3400, 0x4DBF, _HAN),
    (0x4E00, 0x9FFF, _HAN),
    (0xAC00, 0xD7AF, "ko"),
)


@dataclass(frozen=True)
class Character:
    """How somebody sounds, in any language."""

    variant: str
    """One of espeak's variants, or '' for the plain voice."""
    pitch: int
    """0 to 100."""


PLAIN = Character("", 50)
_CHARACTERS = {
    "alloy": Character("f2", 40),
    "ash": Character("m1", 50),
    "ballad": Character("m7", 60),
    "cedar": Character("m3", 35),
    "coral": Character("f3", 60),
    "echo": Character("m3", 55),
    "fable": Character("m4", 50),
    "marin": Character("f4", 50),
    "nova": Character("f1", 60),
    "onyx": Character("m7", 20),
    "sage": Character("f2", 65),
    "shimmer": Character("f5", 75),
    "verse": Character("m2", 45),
}


def character_of(voice: str) -> Character:
    """Return how a voice of this name sounds; a name nobody has heard of always sounds like the same one."""
    if voice.startswith(LANGUAGE_PREFIX):
        return PLAIN
    name = voice.strip().lower()
    return _CHARACTERS.get(name) or _somebody(name)


def language_asked_for(voice: str) -> str | None:
    """Return the language that `espeak:<language>` names, in lower case; None for any other voice."""
    named = voice.removeprefix(LANGUAGE_PREFIX)
    return None if named == voice else named.strip().lower()


def language_of(text: str, default: str) -> str:
    """Return the language that most letters of a text belong to by their script."""
    counts = Counter(_language_of_letter(letter, default) for letter in text if letter.isalpha())
    if counts[_KANA]:
        # Japanese is written with both.
        counts[_KANA] += counts.pop(_HAN, 0)
    return counts.most_common(1)[0][0] if counts.total() else default


def _somebody(name: str) -> Character:
    characters = list(_CHARACTERS.values())
    return characters[zlib.crc32(name.encode(errors="replace")) % len(characters)]


def _language_of_letter(letter: str, default: str) -> str:
    point = ord(letter)
    return next((language for first, last, language in _SCRIPTS if first <= point <= last), default)
