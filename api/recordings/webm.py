"""WebM, as browsers record it: Matroska (RFC 9559) in EBML (RFC 8794), with Opus or Vorbis.

Owns the elements that say what was recorded and how long it is; a recorder that streams knows no lengths,
so the blocks' times tell, where the header does not.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Final

from api.recordings.shape import (
    MOST_PIECES,
    InvalidRecordingError,
    Shape,
    UnsupportedCodecError,
    broken_off,
)

MAGIC: Final = b"\x1a\x45\xdf\xa3"
_CODECS: Final = frozenset({b"A_OPUS", b"A_VORBIS"})
_USUAL_SCALE: Final = 1_000_000
_NANOSECONDS: Final = 1_000_000_000
_LONGEST_VALUE: Final = 64
_LONGEST_ID: Final = 4
_LONGEST_SIZE: Final = 8
_BLOCK_TIME: Final = struct.Struct(">h")
_FLOATS: Final = {4: struct.Struct(">f"), 8: struct.Struct(">d")}


class _Id(IntEnum):
    """Names of elements, as the standards give them."""

    HEAD = 0x1A45DFA3
    DOC_TYPE = 0x4282
    SEGMENT = 0x18538067
    INFO = 0x1549A966
    SCALE = 0x2AD7B1
    DURATION = 0x4489
    TRACKS = 0x1654AE6B
    TRACK = 0xAE
    CODEC = 0x86
    CLUSTER = 0x1F43B675
    CLUSTER_TIME = 0xE7
    GROUP = 0xA0
    BLOCK = 0xA1
    SIMPLE_BLOCK = 0xA3


_ENTERED: Final = frozenset({_Id.HEAD, _Id.SEGMENT, _Id.INFO, _Id.TRACKS, _Id.TRACK, _Id.CLUSTER, _Id.GROUP})
_OPEN_ENDED: Final = frozenset({_Id.SEGMENT, _Id.CLUSTER})
_BLOCKS: Final = frozenset({_Id.BLOCK, _Id.SIMPLE_BLOCK})
_READ: Final = frozenset({_Id.DOC_TYPE, _Id.SCALE, _Id.DURATION, _Id.CODEC, _Id.CLUSTER_TIME})


@dataclass
class _Seen:
    """What the elements so far have told."""

    doc_type: bytes = b""
    codecs: tuple[bytes, ...] = ()
    scale: int = _USUAL_SCALE
    """Nanoseconds of one tick."""
    duration: float = 0.0
    """In ticks."""
    cluster: int = 0
    last_block: int | None = None


def webm_shape(content: bytes) -> Shape:
    """Of a recording in WebM. Raises InvalidRecordingError, UnsupportedCodecError."""
    seen = _Seen()
    for name, value in _elements(content):
        _take(seen, name, value)
    if seen.doc_type.rstrip(b"\0") != b"webm":
        raise InvalidRecordingError("it is Matroska, and no WebM")
    if not seen.codecs:
        raise InvalidRecordingError("it has no track")
    if not _CODECS.issuperset(seen.codecs):
        raise UnsupportedCodecError("a WebM of something that is neither Opus nor Vorbis")
    if seen.last_block is None:
        raise InvalidRecordingError("it holds no sound")
    return Shape(_length(max(seen.duration, seen.last_block), seen.scale))


def _length(ticks: float, scale: int) -> timedelta:
    try:
        return timedelta(seconds=ticks * scale / _NANOSECONDS)
    except (OverflowError, ValueError):
        return timedelta.max


def _take(seen: _Seen, name: int, value: bytes) -> None:
    match name:
        case _Id.DOC_TYPE:
            seen.doc_type = value
        case _Id.CODEC:
            seen.codecs = (*seen.codecs, value.rstrip(b"\0"))
        case _Id.SCALE:
            seen.scale = int.from_bytes(value, "big")
        case _Id.DURATION if len(value) in _FLOATS:
            (seen.duration,) = _FLOATS[len(value)].unpack(value)
        case _Id.CLUSTER_TIME:
            seen.cluster = int.from_bytes(value, "big")
        case _Id.BLOCK | _Id.SIMPLE_BLOCK:
            (offset,) = _BLOCK_TIME.unpack(value)
            seen.last_block = max(seen.last_block or 0, seen.cluster + offset)
        case _:
            pass


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Every element that is worth reading, with its value; of a block, its time."""
    place = 0
    for _ in range(MOST_PIECES):
        if place == len(content):
            return
        name, place = _number(content, place, _LONGEST_ID)
        length, place = _length_at(content, place)
        if length is None and name not in _OPEN_ENDED:
            raise InvalidRecordingError("an element in it has no end")
        if length is not None and place + length > len(content):
            raise broken_off()
        if name in _ENTERED or length is None:
            continue
        if name in _BLOCKS:
            yield name, _time_of_block(content[place : place + min(length, _LONGEST_VALUE)])
        elif name in _READ and length <= _LONGEST_VALUE:
            yield name, content[place : place + length]
        place += length
    raise InvalidRecordingError("it is cut into too many elements")


def _number(content: bytes, place: int, longest: int) -> tuple[int, int]:
    """The number at `place`, with the mark of its length, and what is behind it."""
    if place >= len(content):
        raise broken_off()
    width = 9 - content[place].bit_length()
    if width > longest:
        raise InvalidRecordingError(f"there is no element of WebM where one should be, at byte {place}")
    if place + width > len(content):
        raise broken_off()
    return int.from_bytes(content[place : place + width], "big"), place + width


def _length_at(content: bytes, place: int) -> tuple[int | None, int]:
    """The length at `place`, None where nobody knew it, and what is behind it."""
    marked, behind = _number(content, place, _LONGEST_SIZE)
    unknown = (1 << 7 * (behind - place)) - 1
    length = marked & unknown
    return (None if length == unknown else length), behind


def _time_of_block(block: bytes) -> bytes:
    _, place = _number(block, 0, _LONGEST_SIZE)
    if place + _BLOCK_TIME.size > len(block):
        raise broken_off()
    return block[place : place + _BLOCK_TIME.size]
