"""Recordings as devices make them: WAV from the standard library, Ogg and WebM byte by byte.

Owns files that are right, and the pieces to make wrong ones from; must not assert anything.
"""

import io
import struct
import wave
from collections.abc import Sequence
from typing import Final

OPUS_RATE: Final = 48_000
OPUS_HEAD: Final = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, OPUS_RATE, 0, 0)
OPUS_TAGS: Final = b"OpusTags" + struct.pack("<I", 4) + b"test" + struct.pack("<I", 0)
VORBIS_HEAD: Final = b"\x01vorbis" + struct.pack("<IBIIIIBB", 0, 1, 44_100, 0, 0, 0, 0xB8, 1)
FIRST, LAST = 2, 4
"""Flags of an Ogg page."""


def wav(seconds: float = 1.0, *, rate: int = 8_000) -> bytes:
    """Silence of this length."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(bytes(2 * round(seconds * rate)))
    return file.getvalue()


def page(body: bytes, *, granule: int = 0, flags: int = 0, serial: int = 7, number: int = 0) -> bytes:
    """One page of Ogg with one packet; nobody here checks its checksum."""
    laces = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, serial, number, 0, len(laces))
    return head + laces + body


def ogg(seconds: float = 1.0, *, head: bytes = OPUS_HEAD, rate: int = OPUS_RATE, skip: int = 312) -> bytes:
    """Opus in Ogg, of packets that nobody can hear."""
    granule = round(seconds * rate) + skip
    return b"".join(
        (
            page(head, flags=FIRST),
            page(OPUS_TAGS, number=1),
            page(b"\xfc\xff\xfe" * 20, granule=-1, number=2),
            page(b"\xfc\xff\xfe" * 200, granule=granule, flags=LAST, number=3),
        )
    )


def size(length: int | None) -> bytes:
    """The length of an element of WebM in eight bytes; None: nobody knew it."""
    return b"\x01" + (b"\xff" * 7 if length is None else length.to_bytes(7, "big"))


def element(name: str, body: bytes, *, unknown: bool = False) -> bytes:
    return bytes.fromhex(name) + size(None if unknown else len(body)) + body


def track(codec: bytes = b"A_OPUS") -> bytes:
    return element("AE", element("D7", b"\x01") + element("83", b"\x02") + element("86", codec))


def block(milliseconds: int = 0) -> bytes:
    return element("A3", b"\x81" + struct.pack(">hB", milliseconds, 0x80) + b"\xfc\xff\xfe")


def cluster(at: int, *blocks: bytes, unknown: bool = False) -> bytes:
    return element("1F43B675", element("E7", at.to_bytes(4, "big")) + b"".join(blocks), unknown=unknown)


def webm(
    clusters: Sequence[bytes] = (),
    *,
    tracks: bytes | None = None,
    duration: float | None = None,
    doc_type: bytes = b"webm",
    unknown: bool = True,
) -> bytes:
    """As a browser's recorder makes it: nothing but tracks and clusters, of lengths that nobody knew."""
    head = element("1A45DFA3", element("4282", doc_type))
    info = element("2AD7B1", (1_000_000).to_bytes(3, "big"))
    if duration is not None:
        info += element("4489", struct.pack(">d", duration))
    body = b"".join(
        (
            element("1549A966", info),
            element("1654AE6B", track() if tracks is None else tracks),
            *(clusters or (cluster(0, block(), block(20), unknown=unknown),)),
        )
    )
    return head + element("18538067", body, unknown=unknown)
