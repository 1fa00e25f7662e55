"""WAV: what was streamed becomes a file that every player reads."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.wav import QUIETEST_PEAK, Wav, WavBrokenOffError, WavError
from tests.speech.tone import heard, tone, with_data_size

MADE_UP = [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF - 36]


@pytest.mark.parametrize("size", MADE_UP)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_made_up_length_becomes_the_right_one(size: int, channels: int) -> None:
    whole = tone(250, channels=channels)
    wav = Wav.parse(with_data_size(whole, size))
    assert wav.duration_ms == 250
    assert wav.to_bytes() == whole
    assert heard(wav.to_bytes()) == heard(whole)


def test_a_right_file_stays_as_it_is() -> None:
    assert Wav.parse(tone()).to_bytes() == tone()
    assert Wav.parse(tone(333, rate=44_100)).duration_ms == 333


def test_what_stands_beside_the_samples_goes() -> None:
    whole = tone()
    odd = b"LIST" + struct.pack("<I", 5) + b"by me\0"
    wav = Wav.parse(whole[:36] + odd + whole[36:] + odd)
    assert wav.to_bytes() == whole


def test_half_a_frame_at_the_end_goes() -> None:
    whole = tone(250, channels=2)
    assert Wav.parse(with_data_size(whole, 0) + b"abc").to_bytes() == whole


def test_an_odd_number_of_bytes_is_padded() -> None:
    eight_bits = struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8)
    content = Wav(eight_bits, b"\x10\x20\x30").to_bytes()
    assert len(content) % 2 == 0
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    assert Wav.parse(content).samples == b"\x10\x20\x30"


def test_fewer_samples_than_announced_are_a_break() -> None:
    for content in (tone()[:-2], tone()[:40], tone()[:12]):
        with pytest.raises(WavBrokenOffError):
            Wav.parse(content)


def formatted(*numbers: int) -> bytes:
    return tone()[:20] + struct.pack("<HHIIHH", *numbers) + tone()[36:]


UNREADABLE = {
    "nothing": b"",
    "text": b'{"error": "no"}' * 10,
    "another kind of RIFF": b"RIFF\0\0\0\0AVI " + tone()[12:],
    "samples without format": tone()[:12] + tone()[36:],
    "compressed": formatted(85, 1, 8_000, 16_000, 2, 16),
    "no channel": formatted(1, 0, 8_000, 16_000, 0, 16),
    "too slow": formatted(1, 1, 1, 2, 2, 16),
    "wrong frame": formatted(1, 1, 8_000, 16_000, 4, 16),
    "wrong rate": formatted(1, 1, 8_000, 0, 2, 16),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_nobody_plays_is_refused(content: bytes) -> None:
    with pytest.raises(WavError):
        Wav.parse(content)


@pytest.mark.parametrize(
    ("content", "silent"),
    [
        (tone(height=0), True),
        (tone(height=QUIETEST_PEAK - 1), True),
        (tone(height=QUIETEST_PEAK + 1), False),
        (tone(), False),
        (tone(0), True),
        (Wav(struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8), b"\x80" * 99).to_bytes(), True),
        (Wav(struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8), b"\x80" * 99 + b"\x10").to_bytes(), False),
    ],
)
def test_silence_is_told_from_speech(content: bytes, silent: bool) -> None:
    assert Wav.parse(content).is_silent == silent


@given(st.binary(max_size=80), st.integers(0, 60), st.integers(0, 60))
def test_any_bytes_are_audio_or_refused(noise: bytes, start: int, cut: int) -> None:
    whole = tone(5)
    content = whole[:start] + noise + whole[start + cut :]
    try:
        wav = Wav.parse(content)
    except WavError:
        return
    assert Wav.parse(wav.to_bytes()) == wav
