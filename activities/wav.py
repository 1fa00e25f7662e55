"""WAV as providers stream it, made whole.

Who streams does not know the length when the header is sent, and writes a made-up one. Owns reading the
header and writing the right one; must not know where the bytes come from.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PCM: Final = 1
_KINDS: Final = frozenset({PCM, 3, 0xFFFE})
"""Integers, floats, and either of them with more said about it."""
_FORMAT: Final = struct.Struct("<HHIIHH")
_CHUNK: Final = struct.Struct("<4sI")
_RIFF: Final = struct.Struct("<4sI4s")
_UNKNOWN_LENGTHS: Final = 0x7FFFF000
"""From here on a length is made up."""
_MAX_CHANNELS: Final = 8
_RATES: Final = range(4_000, 192_001)
QUIETEST_PEAK: Final = 64
"""Of 32768: below it nobody hears anything."""


class WavError(Exception):
    """The bytes are no audio that could be played."""


class WavBrokenOffError(WavError):
    """The bytes end before the audio does."""


@dataclass(frozen=True)
class Wav:
    """Audio: how it is written (the `fmt ` chunk), and its samples."""

    format: bytes
    samples: bytes

    @classmethod
    def parse(cls, content: bytes) -> "Wav":
        """The audio in `content`. Raises WavError."""
        if len(content) < _RIFF.size or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
            raise WavError("no WAV")
        written: bytes | None = None
        for name, declared, body in _chunks(content):
            if name == b"fmt ":
                written = _checked(body)
            elif name == b"data":
                if written is None:
                    raise WavError("no format before the samples")
                return cls(written, _whole_frames(written, _samples(declared, body)))
        raise WavBrokenOffError("no samples")

    @property
    def duration_ms(self) -> int:
        """In milliseconds, rounded."""
        rate: int = _FORMAT.unpack_from(self.format)[3]
        return round(len(self.samples) * 1000 / rate)

    @property
    def is_silent(self) -> bool:
        """Whether nobody would hear anything."""
        kind, bits, frame = _kind(self.format)
        if not self.samples:
            return True
        if (kind, bits) == (PCM, 16):
            heights = memoryview(self.samples).cast("h")
            return all(-QUIETEST_PEAK < height < QUIETEST_PEAK for height in heights)
        return self.samples == self.samples[:frame] * (len(self.samples) // frame)

    def to_bytes(self) -> bytes:
        """With a header that says how long it is."""
        padding = b"\0" * (len(self.samples) % 2)
        chunks = b"".join(
            (
                *(_CHUNK.pack(b"fmt ", len(self.format)), self.format),
                *(_CHUNK.pack(b"data", len(self.samples)), self.samples, padding),
            )
        )
        return _RIFF.pack(b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def _kind(written: bytes) -> tuple[int, int, int]:
    """The kind of samples, bits of one, and bytes of a frame."""
    kind, _, _, _, frame, bits = _FORMAT.unpack_from(written)
    return kind, bits, frame


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Name, declared length and everything behind the header, of each chunk."""
    place = _RIFF.size
    while place + _CHUNK.size <= len(content):
        name, declared = _CHUNK.unpack_from(content, place)
        place += _CHUNK.size
        behind = content[place:] if name == b"data" else content[place : place + declared]
        yield name, declared, behind
        place += declared + declared % 2


def _checked(written: bytes) -> bytes:
    if len(written) < _FORMAT.size or len(written) % 2:
        raise WavError("the format is cut")
    kind, channels, rate, bytes_a_second, frame, bits = _FORMAT.unpack_from(written)
    if kind not in _KINDS or not 1 <= channels <= _MAX_CHANNELS or rate not in _RATES:
        raise WavError("a format that nobody plays")
    if bits not in {8, 16, 24, 32, 64} or frame != channels * bits // 8 or bytes_a_second != rate * frame:
        raise WavError("a format that contradicts itself")
    return written


def _samples(declared: int, behind: bytes) -> bytes:
    """A length of zero, or a huge one, was written before anybody knew it."""
    if declared == 0 or declared >= _UNKNOWN_LENGTHS:
        return behind
    if declared > len(behind):
        raise WavBrokenOffError("fewer samples than announced")
    return behind[:declared]


def _whole_frames(written: bytes, samples: bytes) -> bytes:
    _, _, frame = _kind(written)
    return samples[: len(samples) // frame * frame]
