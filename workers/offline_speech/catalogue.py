"""Owns which languages espeak has. Must not choose one."""

import ctypes
from collections.abc import Iterator, Mapping

from workers.offline_speech.library import VoiceEntry


def languages_of(library: ctypes.CDLL) -> Mapping[str, str]:
    """Return espeak's name of the best voice for each language code, in lower case."""
    best: dict[str, tuple[int, str]] = {}
    for entry in _entries(library):
        voice = (entry.identifier or b"").decode()
        for priority, code in _codes(entry.languages):
            if code not in best or priority < best[code][0]:
                best[code] = (priority, voice)
    return {code: voice for code, (_, voice) in best.items()}


def _entries(library: ctypes.CDLL) -> Iterator[VoiceEntry]:
    listed = library.espeak_ListVoices(None)
    position = 0
    while listed[position]:
        yield listed[position].contents
        position += 1


def _codes(address: int) -> Iterator[tuple[int, str]]:
    # A byte of priority (the lower the better), then the code and a zero byte; a priority of zero ends all.
    while priority := ctypes.string_at(address, 1)[0]:
        code = ctypes.string_at(address + 1)
        yield priority, code.decode().lower()
        address += 1 + len(code) + 1
