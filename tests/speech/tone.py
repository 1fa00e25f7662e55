"""Real audio: a tone as a WAV file, and what streaming servers make of its header."""

import io
import math
import struct
import wave
from typing import Final

RATE: Final = 8_000
DATA_SIZE_AT: Final = 40
"""In the header that the standard library writes."""


def tone(milliseconds: int = 500, *, height: int = 8_000, channels: int = 1, rate: int = RATE) -> bytes:
    """A tone of 440 Hz."""
    heights = (
        round(height * math.sin(2 * math.pi * 440 * place / rate))
        for place in range(milliseconds * rate // 1000)
    )
    frames = b"".join(struct.pack("<h", one) * channels for one in heights)
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(frames)
    return file.getvalue()


def with_data_size(content: bytes, size: int) -> bytes:
    """`content` as sent by who did not know its length."""
    made_up = struct.pack("<I", size)
    return content[:4] + made_up + content[8:DATA_SIZE_AT] + made_up + content[DATA_SIZE_AT + 4 :]


def heard(content: bytes) -> tuple[float, bytes]:
    """Milliseconds and samples of a file, as the standard library reads them."""
    with wave.open(io.BytesIO(content)) as read:
        return read.getnframes() * 1000 / read.getframerate(), read.readframes(read.getnframes())
