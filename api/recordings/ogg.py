"""Ogg (RFC 3533) with Opus (RFC 7845) or Vorbis, as Firefox records it.

Owns pages and the two headers, as far as they tell how long the recording is. Checksums are left to who
decodes it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.recordings.shape import (
    MOST_PIECES,
    InvalidRecordingError,
    Shape,
    UnsupportedCodecError,
    broken_off,
)

MAGIC: Final = b"OggS"
_PAGE: Final = struct.Struct("<4sBBqIIIB")
_NO_PACKET_ENDS: Final = -1
_FIRST_PAGE: Final = 0x02
_OPUS: Final = struct.Struct("<8sBBH")
_OPUS_RATE: Final = 48_000
"""Of the positions in every Opus stream, whatever it was made from."""
_VORBIS: Final = struct.Struct("<7sIBI")


@dataclass(frozen=True)
class _Page:
    flags: int
    position: int
    """Samples up to the end of the last packet that ends on it."""
    serial: int
    body: bytes


@dataclass(frozen=True)
class _Stream:
    rate: int
    skipped: int
    """Samples at the beginning that nobody hears."""


def ogg_shape(content: bytes) -> Shape:
    """Of a recording in Ogg. Raises InvalidRecordingError, UnsupportedCodecError."""
    pages = list(_pages(content))
    if not pages or not pages[0].flags & _FIRST_PAGE:
        raise InvalidRecordingError("it has no beginning")
    if any(page.serial != pages[0].serial or page.flags & _FIRST_PAGE for page in pages[1:]):
        raise InvalidRecordingError("it holds more than one stream")
    stream = _stream(pages[0].body)
    end = max((page.position for page in pages[1:]), default=0)
    if end <= stream.skipped:
        raise InvalidRecordingError("it holds no sound")
    return Shape(timedelta(seconds=(end - stream.skipped) / stream.rate))


def _pages(content: bytes) -> Iterator[_Page]:
    place = 0
    for _ in range(MOST_PIECES):
        if place == len(content):
            return
        if place + _PAGE.size > len(content):
            raise broken_off()
        magic, version, flags, position, serial, _, _, laces = _PAGE.unpack_from(content, place)
        if magic != MAGIC or version != 0 or position < _NO_PACKET_ENDS:
            raise InvalidRecordingError(f"there is no page of Ogg where one should be, at byte {place}")
        place += _PAGE.size + laces
        length = sum(content[place - laces : place])
        if place + length > len(content):
            raise broken_off()
        yield _Page(flags, position, serial, content[place : place + length])
        place += length
    raise InvalidRecordingError("it is cut into too many pages")


def _stream(head: bytes) -> _Stream:
    if head.startswith(b"OpusHead") and len(head) >= _OPUS.size:
        _, _, _, skipped = _OPUS.unpack_from(head)
        return _Stream(_OPUS_RATE, skipped)
    if head.startswith(b"\x01vorbis") and len(head) >= _VORBIS.size:
        _, _, _, rate = _VORBIS.unpack_from(head)
        if rate == 0:
            raise InvalidRecordingError("its header contradicts itself")
        return _Stream(rate, 0)
    raise UnsupportedCodecError("an Ogg of something that is neither Opus nor Vorbis")
