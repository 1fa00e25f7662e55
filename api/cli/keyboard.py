"""A terminal's keyboard, key by key.

Owns the terminal's mode: taken and given back. Ctrl-C is a key like any other, so that it has a place among
them; Ctrl-Z stays a signal. Must not know what keys do.
"""

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from typing import Final, TextIO

from api.cli.keys import Key, KeyDecoder, Press

CHUNK: Final = 4096
_SPECIAL_CHARACTERS: Final = 6
_NONE: Final = b"\0"
_ANNOUNCE_PASTES: Final = "\x1b[?2004h"
_PASTES_AS_TYPED: Final = "\x1b[?2004l"


class Keyboard:
    """Gives every key to `on_key` while it is taken."""

    def __init__(self, descriptor: int, out: TextIO, on_key: Callable[[Key], None]) -> None:
        self._descriptor = descriptor
        self._out = out
        self._on_key = on_key
        self._decoder = KeyDecoder()
        self._mode_before = termios.tcgetattr(descriptor)

    def take(self) -> None:
        """Let keys come at once, and not show by themselves."""
        self._mode_before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor, termios.TCSADRAIN)
        mode = termios.tcgetattr(self._descriptor)
        mode[_SPECIAL_CHARACTERS][termios.VINTR] = _NONE
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)
        self._announce(_ANNOUNCE_PASTES)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def give_back(self) -> None:
        """Leave the terminal as it was found."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._announce(_PASTES_AS_TYPED)
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._mode_before)

    def _read(self) -> None:
        try:
            chunk = os.read(self._descriptor, CHUNK)
        except OSError:
            # The terminal is gone.
            chunk = b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        for key in self._decoder.feed(chunk) if chunk else (Press.HANG_UP,):
            self._on_key(key)

    def _announce(self, sequence: str) -> None:
        self._out.write(sequence)
        self._out.flush()
