"""Keys out of the bytes that a terminal sends.

Owns the escape sequences of keys and of pasted text. Must not know what a key does.
"""

import codecs
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Press(Enum):
    """A key that is no character."""

    ENTER = auto()
    NEW_LINE = auto()
    BACKSPACE = auto()
    DELETE = auto()
    INTERRUPT = auto()
    END_OF_INPUT = auto()
    HANG_UP = auto()
    """No key: the terminal is gone."""
    LEFT = auto()
    RIGHT = auto()
    WORD_LEFT = auto()
    WORD_RIGHT = auto()
    HOME = auto()
    END = auto()
    UP = auto()
    DOWN = auto()
    CUT_WORD = auto()
    CUT_TO_START = auto()
    CUT_TO_END = auto()
    OTHER = auto()


@dataclass(frozen=True)
class Typed:
    """Characters that were typed or pasted."""

    text: str


Key = Press | Typed

_PASTE_BEGINS: Final = "\x1b[200~"
_PASTE_ENDS: Final = "\x1b[201~"
_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\[O])")
_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]+")
_KEYS: Final = {
    "\r": Press.ENTER,
    "\n": Press.ENTER,
    "\x1b\r": Press.NEW_LINE,
    "\x1b\n": Press.NEW_LINE,
    "\x7f": Press.BACKSPACE,
    "\x08": Press.BACKSPACE,
    "\x1b[3~": Press.DELETE,
    "\x03": Press.INTERRUPT,
    "\x04": Press.END_OF_INPUT,
    **dict.fromkeys(("\x1b[D", "\x1bOD", "\x02"), Press.LEFT),
    **dict.fromkeys(("\x1b[C", "\x1bOC", "\x06"), Press.RIGHT),
    **dict.fromkeys(("\x1b[1;5D", "\x1b[1;3D", "\x1bb"), Press.WORD_LEFT),
    **dict.fromkeys(("\x1b[1;5C", "\x1b[1;3C", "\x1bf"), Press.WORD_RIGHT),
    **dict.fromkeys(("\x1b[H", "\x1bOH", "\x1b[1~", "\x01"), Press.HOME),
    **dict.fromkeys(("\x1b[F", "\x1bOF", "\x1b[4~", "\x05"), Press.END),
    **dict.fromkeys(("\x1b[A", "\x1bOA", "\x10"), Press.UP),
    **dict.fromkeys(("\x1b[B", "\x1bOB", "\x0e"), Press.DOWN),
    **dict.fromkeys(("\x17", "\x1b\x7f"), Press.CUT_WORD),
    "\x15": Press.CUT_TO_START,
    "\x0b": Press.CUT_TO_END,
}


class KeyDecoder:
    """Collects bytes until they are keys."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._pasting = False

    def feed(self, chunk: bytes) -> list[Key]:
        """The keys that `chunk` completes."""
        self._rest += self._decoder.decode(chunk)
        keys: list[Key] = []
        while self._rest:
            key = self._next() if not self._pasting else self._next_pasted()
            if key is None:
                break
            keys.append(key)
        return keys

    def _next(self) -> Key | None:
        if self._rest.startswith(_PASTE_BEGINS):
            self._pasting = True
            self._take(len(_PASTE_BEGINS))
            return self._next_pasted()
        if text := _TEXT.match(self._rest):
            return Typed(self._take(text.end()))
        if self._rest == "\x1b":
            # The escape key itself: what belongs to a sequence comes together with it.
            self._take(1)
            return Press.OTHER
        if _UNFINISHED.match(self._rest):
            return None
        sequence = _SEQUENCE.match(self._rest)
        return _KEYS.get(self._take(sequence.end() if sequence else 1), Press.OTHER)

    def _next_pasted(self) -> Key | None:
        text, end, rest = self._rest.partition(_PASTE_ENDS)
        if not end:
            return None
        self._rest, self._pasting = rest, False
        return Typed(text.replace("\r\n", "\n").replace("\r", "\n"))

    def _take(self, length: int) -> str:
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken
