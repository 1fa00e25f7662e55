"""Files from devices, right ones and wrong ones: each is taken, or refused with a word that helps."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Problem
from api.recordings import shape
from api.recordings.recording import checked_recording, declared_format
from tests.effort import examples
from tests.transcription.recordings import (
    FIRST,
    OPUS_HEAD,
    OPUS_TAGS,
    VORBIS_HEAD,
    block,
    cluster,
    element,
    ogg,
    page,
    size,
    track,
    wav,
    webm,
)
from workflows.contract.errors import ErrorCode
from workflows.contract.transcription import RecordingFormat

RIGHT: dict[str, tuple[RecordingFormat, bytes, int]] = {
    "wav": ("wav", wav(1.5), 1_500),
    "wav of unknown length": ("wav", wav(1.5)[:40] + b"\xff" * 4 + wav(1.5)[44:], 1_500),
    "the longest wav": ("wav", wav(300), 300_000),
    "opus in ogg": ("ogg", ogg(1.5), 1_500),
    "the longest ogg": ("ogg", ogg(300), 300_000),
    "vorbis in ogg": ("ogg", ogg(1.5, head=VORBIS_HEAD, rate=44_100, skip=0), 1_500),
    "opus in webm": ("webm", webm(), 20),
    "webm of known lengths": ("webm", webm(unknown=False), 20),
    "vorbis in webm": ("webm", webm(tracks=track(b"A_VORBIS")), 20),
    "webm with its duration": ("webm", webm(duration=1_500.0), 1_500),
    "webm of many clusters": ("webm", webm([cluster(at, block(900)) for at in (0, 1_000, 2_000)]), 2_900),
    "webm in groups": ("webm", webm([cluster(0, element("A0", element("A1", b"\x81\x00\x10\x00x")))]), 16),
    "the longest webm": ("webm", webm([cluster(299_000, block(1_000))]), 300_000),
    "webm with something unknown in it": ("webm", webm([element("EC", b"x" * 99), cluster(0, block(7))]), 7),
}


@pytest.mark.parametrize("what", RIGHT)
def test_a_right_file_is_taken(what: str) -> None:
    kind, content, milliseconds = RIGHT[what]
    audio = checked_recording(content, kind)
    assert (audio.content, audio.format, audio.duration_ms) == (content, kind, milliseconds)


WRONG: dict[str, tuple[RecordingFormat, bytes, str]] = {
    "nothing": ("wav", b"", "empty"),
    "text": ("wav", b"It rains.", "no audio/wav"),
    "an ogg that says it is a wav": ("wav", ogg(), "audio/ogg"),
    "a wav that says it is a webm": ("webm", wav(), "audio/wav"),
    "a wav that breaks off": ("wav", wav()[:-100], "breaks off"),
    "a wav without samples": ("wav", wav(0), "no sound"),
    "a wav that ends in its header": ("wav", wav()[:36], "breaks off"),
    "another RIFF": ("wav", b"RIFF" + bytes(4) + b"AVI " + bytes(100), "no WAV"),
    "a wav that contradicts itself": ("wav", wav()[:28] + bytes(4) + wav()[32:], "contradicts itself"),
    "a long wav": ("wav", wav(300.001), "300 seconds"),
    "an ogg that breaks off": ("ogg", ogg()[:-1], "breaks off"),
    "an ogg that ends in a header": ("ogg", ogg() + b"OggS", "breaks off"),
    "an ogg with something else behind": ("ogg", ogg() + bytes(100), "no page"),
    "an ogg that begins in the middle": ("ogg", ogg()[len(page(OPUS_HEAD)) :], "no beginning"),
    "an ogg without sound": ("ogg", page(OPUS_HEAD, flags=FIRST) + page(OPUS_TAGS), "no sound"),
    "an ogg of two streams": ("ogg", ogg() + page(b"x", serial=8), "more than one stream"),
    "two oggs": ("ogg", ogg() + ogg(), "more than one stream"),
    "a vorbis of no speed": ("ogg", ogg(head=VORBIS_HEAD[:12] + bytes(4) + VORBIS_HEAD[16:]), "contradicts"),
    "a long ogg": ("ogg", ogg(300.001), "300 seconds"),
    "a webm that breaks off": ("webm", webm()[:-1], "breaks off"),
    "a webm that ends in a name": ("webm", webm() + b"\x1f\x43", "breaks off"),
    "a webm with something else behind": ("webm", webm() + bytes(100), "no element"),
    "a Matroska": ("webm", webm(doc_type=b"matroska"), "no WebM"),
    "a webm without tracks": ("webm", webm(tracks=b""), "no track"),
    "a webm without sound": ("webm", webm([cluster(0)]), "no sound"),
    "a webm of an endless element": ("webm", webm() + b"\xec" + size(None), "no end"),
    "a webm of an empty block": ("webm", webm([cluster(0, element("A3", b"\x81"))]), "breaks off"),
    "a webm whose header says it is long": ("webm", webm(duration=300_001.0), "300 seconds"),
    "a webm whose clusters are long": ("webm", webm([cluster(299_999, block(2))]), "300 seconds"),
    "an endless webm": ("webm", webm(duration=float("inf")), "300 seconds"),
    "a webm of no length at all": ("webm", webm(duration=float("nan")), "300 seconds"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_refused_with_a_word_that_helps(what: str) -> None:
    kind, content, word = WRONG[what]
    with pytest.raises(Problem) as caught:
        checked_recording(content, kind)
    assert caught.value.code is ErrorCode.INVALID_AUDIO
    assert word in caught.value.detail
    assert [error.field for error in caught.value.errors] == ["body"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ogg", ogg(head=b"Speex   " + bytes(72))),
        ("webm", webm(tracks=track(b"A_PCM/INT/LIT"))),
        ("webm", webm(tracks=track() + track(b"V_VP8"))),
    ],
    ids=["speex", "pcm in webm", "a film"],
)
def test_another_codec_is_not_taken(kind: RecordingFormat, content: bytes) -> None:
    with pytest.raises(Problem, match="neither Opus nor Vorbis") as caught:
        checked_recording(content, kind)
    assert caught.value.code is ErrorCode.UNSUPPORTED_AUDIO


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("audio/wav", "wav"),
        ("AUDIO/X-WAV", "wav"),
        ("audio/wave", "wav"),
        ("audio/webm;codecs=opus", "webm"),
        (" audio/ogg ; codecs=opus", "ogg"),
    ],
)
def test_a_format_is_declared(header: str, kind: str) -> None:
    assert declared_format(header) == kind


@pytest.mark.parametrize(
    "header", [None, "", "audio", "audio/mpeg", "video/webm", "application/json", "multipart/form-data"]
)
def test_what_is_not_taken_is_told_what_is(header: str | None) -> None:
    with pytest.raises(Problem) as caught:
        declared_format(header)
    assert caught.value.code is ErrorCode.UNSUPPORTED_AUDIO
    assert all(kind in caught.value.detail for kind in ("audio/wav", "audio/webm", "audio/ogg"))


@pytest.mark.parametrize("kind", ["ogg", "webm"])
def test_a_file_of_too_many_pieces_is_given_up(kind: RecordingFormat) -> None:
    piece = {"ogg": page(b""), "webm": element("EC", b"")}[kind]
    content = {"ogg": ogg(), "webm": webm()}[kind] + piece * shape.MOST_PIECES
    with pytest.raises(Problem, match="too many"):
        checked_recording(content, kind)


def judged(content: bytes, kind: RecordingFormat) -> ErrorCode | int:
    """Why it is refused, or how many milliseconds it lasts."""
    try:
        return checked_recording(content, kind).duration_ms
    except Problem as problem:
        return problem.code


@examples(400)
@given(st.sampled_from([right for right in RIGHT.values() if len(right[1]) < 30_000]), st.data())
def test_a_damaged_file_is_taken_or_refused(
    right: tuple[RecordingFormat, bytes, int], choice: st.DataObject
) -> None:
    kind, content, _ = right
    damaged = bytearray(content)
    for _ in range(choice.draw(st.integers(1, 3))):
        place = choice.draw(st.integers(0, min(len(damaged), 300) - 1))
        damaged[place] = choice.draw(st.integers(0, 255))
    cut = choice.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    found = judged(bytes(damaged[:cut]), kind)
    if isinstance(found, int):
        assert 1 <= found <= 300_000
    else:
        assert found in {ErrorCode.INVALID_AUDIO, ErrorCode.UNSUPPORTED_AUDIO}


@pytest.mark.parametrize("kind", ["wav", "ogg", "webm"])
def test_noise_behind_the_magic_is_refused(kind: RecordingFormat) -> None:
    magic = {"wav": b"RIFF", "ogg": b"OggS", "webm": b"\x1a\x45\xdf\xa3"}[kind]
    noise = struct.pack("<1000I", *(number * 2_654_435_761 % 2**32 for number in range(1_000)))
    with pytest.raises(Problem):
        checked_recording(magic + noise, kind)
