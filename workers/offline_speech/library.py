"""Owns espeak's foreign functions: types, constants, loading. Must not know what is said."""

import _ctypes
import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SYNCHRONOUS = 2
DO_NOT_EXIT = 0x8000
RATE, PITCH, WORD_GAP = 1, 3, 7
"""Words per minute; 0 to 100; hundredths of a second at the usual rate."""
UTF8, END_PAUSE = 1, 0x1000
BY_CHARACTER = 1

OnSound = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
"""(samples or NULL, number of samples, events) -> 0, or 1 to stop."""
_SEED = 1
_ONE_AT_A_TIME = threading.Lock()


class EspeakMissingError(Exception):
    """espeak is not installed, or cannot be used on this machine."""


class VoiceEntry(ctypes.Structure):
    """espeak_VOICE, as far as it is read here."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
    ]


@dataclass(frozen=True)
class Installation:
    """Where the library and its data are."""

    library: Path
    data_parent: Path

    @classmethod
    def found(cls) -> "Installation":
        """Return the one of the wheel, or raise EspeakMissingError."""
        try:
            import espeakng_loader  # noqa: PLC0415 - an optional extra: its absence is for this call to tell

            return cls(Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path()).parent)
        except (ImportError, RuntimeError) as error:
            raise EspeakMissingError(str(error)) from error


@contextmanager
def fresh(installation: Installation) -> Iterator[tuple[ctypes.CDLL, int]]:
    """Load espeak as if nobody had spoken before, and yield it with its samples per second.

    The library keeps the phase of its waves and its flutter from one text to the next: only one that was
    loaded anew, which takes 1 ms, says the same text in the same bytes. One user at a time, the others wait.
    Raises EspeakMissingError.
    """
    with _ONE_AT_A_TIME:
        library = _loaded(installation.library)
        try:
            yield library, _initialized(library, installation.data_parent)
            library.espeak_Terminate()
        finally:
            _ctypes.dlclose(library._handle)  # noqa: SLF001 - ctypes has no other way to let go of a library


def _loaded(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise EspeakMissingError(str(error)) from error
    library.espeak_Initialize.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
    library.espeak_SetSynthCallback.argtypes = (OnSound,)
    library.espeak_SetVoiceByName.argtypes = (ctypes.c_char_p,)
    library.espeak_SetParameter.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int)
    library.espeak_ListVoices.argtypes = (ctypes.c_void_p,)
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(VoiceEntry))
    library.espeak_ng_SetRandSeed.argtypes = (ctypes.c_long,)
    unsigned, pointer = ctypes.c_uint, ctypes.c_void_p
    library.espeak_Synth.argtypes = (
        *(ctypes.c_char_p, ctypes.c_size_t, unsigned, ctypes.c_int),
        *(unsigned, unsigned, pointer, pointer),
    )
    return library


def _initialized(library: ctypes.CDLL, data_parent: Path) -> int:
    rate: int = library.espeak_Initialize(SYNCHRONOUS, 0, bytes(data_parent), DO_NOT_EXIT)
    if rate <= 0:
        raise EspeakMissingError(f"no usable data in {data_parent}")
    # Its noise is random, and the clock was the seed.
    library.espeak_ng_SetRandSeed(_SEED)
    return rate
