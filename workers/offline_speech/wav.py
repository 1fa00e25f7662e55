"""Owns the WAV format: 16 bit, one channel. Pure."""

import io
import wave

BYTES_PER_SAMPLE = 2


def wav(samples: bytes, rate: int) -> bytes:
    """Return a whole WAV file of little-endian 16-bit samples at `rate` Hz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(BYTES_PER_SAMPLE)
        writer.setframerate(rate)
        writer.writeframes(samples)
    return file.getvalue()


def seconds_of(samples: bytes, rate: int) -> float:
    """Return how long the samples last."""
    return len(samples) / BYTES_PER_SAMPLE / rate
