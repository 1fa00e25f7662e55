"""A recording that somebody sent: which format it says it is, which it is, and whether it can be used.

Owns those decisions and their words for people; must not know HTTP beyond `Problem`.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, get_args

from activities.store.audio import Audio
from activities.wav import Wav, WavBrokenOffError, WavError
from api.errors import Problem
from api.recordings import ogg, webm
from api.recordings.shape import InvalidRecordingError, Shape, UnsupportedCodecError, broken_off
from workflows.contract.errors import ErrorCode
from workflows.contract.transcription import MAX_RECORDING_LENGTH, MEDIA_TYPES, RecordingFormat

_DECLARED: Final[dict[str, RecordingFormat]] = {
    **{media_type: name for name, media_type in MEDIA_TYPES.items()},
    **dict.fromkeys(("audio/x-wav", "audio/wave", "audio/vnd.wave"), "wav"),
}
_TAKEN: Final = "Send WAV (audio/wav), or Opus or Vorbis in WebM (audio/webm) or in Ogg (audio/ogg)."
_WAV_MAGIC: Final = b"RIFF"
_MAGIC: Final[dict[RecordingFormat, bytes]] = {"wav": _WAV_MAGIC, "webm": webm.MAGIC, "ogg": ogg.MAGIC}
_MILLISECOND: Final = timedelta(milliseconds=1)


def declared_format(content_type: str | None) -> RecordingFormat:
    """The format that `content_type` names. Raises Problem: `unsupported_audio`."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    found = _DECLARED.get(media_type)
    if found is None:
        raise Problem(ErrorCode.UNSUPPORTED_AUDIO, f"This Content-Type is not taken. {_TAKEN}")
    return found


def checked_recording(content: bytes, declared: RecordingFormat) -> Audio:
    """The recording that `content` is. Raises Problem: `invalid_audio`, `unsupported_audio`."""
    if not content:
        raise invalid("The body is empty; send the recording as the body itself, in no form.")
    if not content.startswith(_MAGIC[declared]):
        raise invalid(_of_another_kind(content, declared))
    try:
        length = _SHAPES[declared](content).length
    except InvalidRecordingError as error:
        raise invalid(f"The recording cannot be used: {error}.") from error
    except UnsupportedCodecError as error:
        raise Problem(ErrorCode.UNSUPPORTED_AUDIO, f"This is {error}. {_TAKEN}") from error
    if length is not None and length > MAX_RECORDING_LENGTH:
        raise invalid(
            f"A recording may last {MAX_RECORDING_LENGTH.total_seconds():g} seconds; send it in parts."
        )
    return Audio(content, declared, 0 if length is None else max(round(length / _MILLISECOND), 1))


def invalid(detail: str) -> Problem:
    """A body that is no recording that can be used."""
    return Problem(ErrorCode.INVALID_AUDIO, detail, field="body")


def _of_another_kind(content: bytes, declared: RecordingFormat) -> str:
    for kind in get_args(RecordingFormat):
        if content.startswith(_MAGIC[kind]):
            return f"The body looks like {MEDIA_TYPES[kind]}: send it with that Content-Type."
    return f"The body is no {MEDIA_TYPES[declared]}, whatever its Content-Type says. {_TAKEN}"


def _wav_shape(content: bytes) -> Shape:
    try:
        wav = Wav.parse(content)
    except WavBrokenOffError as error:
        raise broken_off() from error
    except WavError as error:
        raise InvalidRecordingError(f"it is {error}") from error
    if not wav.samples:
        raise InvalidRecordingError("it holds no sound")
    return Shape(timedelta(milliseconds=wav.duration_ms))


_SHAPES: Final[dict[RecordingFormat, Callable[[bytes], Shape]]] = {
    "wav": _wav_shape,
    "webm": webm.webm_shape,
    "ogg": ogg.ogg_shape,
}
