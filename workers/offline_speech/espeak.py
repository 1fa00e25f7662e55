"""Owns how a text becomes samples: espeak's voice, rate and pauses. Must not know who asked, nor HTTP."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

from workers.offline_speech import library
from workers.offline_speech.catalogue import languages_of
from workers.offline_speech.library import Installation, OnSound, fresh
from workers.offline_speech.voices import Character

USUAL_RATE = 175
"""Words per minute at speed 1."""
SLOWEST_RATE = 80
"""espeak takes no lower one: what is still slower has longer pauses between its words."""
GAP_FOR_TWICE_THE_TIME = 20

_UNSPOKEN = dict.fromkeys((*range(ord("\t")), *range(ord("\n") + 1, ord(" ")), 0x7F), " ")


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What is said, and how."""

    text: str
    language: str
    """A key of `Espeak.languages`."""
    character: Character
    speed: float = 1.0


class Espeak:
    """espeak of the installed wheel; EspeakMissingError without it."""

    def __init__(self) -> None:
        self._installation = Installation.found()
        with fresh(self._installation) as (espeak, rate):
            self.rate = rate
            self.languages = languages_of(espeak)

    def say(self, utterance: Utterance, go_on: Callable[[], bool] = lambda: True) -> bytes:
        """Return 16-bit samples at `rate` Hz, the same ones for the same utterance.

        Blocks for about 2 ms a second of sound; stops early once `go_on` says no, with what there is.
        KeyError for a language that espeak has not.
        """
        voice = self._voice(utterance)
        samples = bytearray()

        def heard(sound: int | None, count: int, _events: int | None) -> int:
            if sound:
                samples.extend(ctypes.string_at(sound, count * ctypes.sizeof(ctypes.c_int16)))
            return 0 if go_on() else 1

        # A name of its own: espeak would call what is no longer there.
        callback = OnSound(heard)
        with fresh(self._installation) as (espeak, _):
            espeak.espeak_SetSynthCallback(callback)
            if espeak.espeak_SetVoiceByName(voice.encode()):
                raise RuntimeError(f"espeak has no voice {voice}")
            _set_manner(espeak, utterance)
            _synthesize(espeak, utterance.text)
        return bytes(samples)

    def _voice(self, utterance: Utterance) -> str:
        language, variant = self.languages[utterance.language], utterance.character.variant
        return f"{language}+{variant}" if variant else language


def _set_manner(espeak: ctypes.CDLL, utterance: Utterance) -> None:
    rate = USUAL_RATE * utterance.speed
    missing = max(0.0, SLOWEST_RATE / rate - 1)
    espeak.espeak_SetParameter(library.RATE, max(round(rate), SLOWEST_RATE), 0)
    espeak.espeak_SetParameter(library.WORD_GAP, round(missing * GAP_FOR_TWICE_THE_TIME), 0)
    espeak.espeak_SetParameter(library.PITCH, utterance.character.pitch, 0)


def _synthesize(espeak: ctypes.CDLL, text: str) -> None:
    # A zero byte would end the text for espeak.
    raw = text.translate(_UNSPOKEN).encode(errors="replace")
    flags = library.UTF8 | library.END_PAUSE
    if espeak.espeak_Synth(raw, len(raw) + 1, 0, library.BY_CHARACTER, 0, flags, None, None):
        raise RuntimeError("espeak failed")
    espeak.espeak_Synchronize()
