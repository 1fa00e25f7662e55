"""Owns how a recording reaches one connection, with the faults that were scripted for it."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workers.offline.errors import ConnectionCut
from workers.offline_speech.script import Behaviour, Body
from workers.offline_speech.wav import BYTES_PER_SAMPLE, wav

_MEDIA_TYPE = "audio/wav"
_NO_WAV = b"<html><body>Bad gateway</body></html>"


def recording(samples: bytes, rate: int, behaviour: Behaviour) -> Response:
    """Return the answer with a WAV of the samples, or what the behaviour makes of it."""
    body = _body(samples, rate, behaviour.body)
    if behaviour.cut_after is not None:
        return _Cut(body, behaviour.cut_after)
    return Response(body, media_type=_MEDIA_TYPE)


def _body(samples: bytes, rate: int, fault: Body | None) -> bytes:
    match fault:
        case None:
            return wav(samples, rate)
        case "silent":
            return wav(bytes(len(samples)), rate)
        case "short":
            missing = len(samples) // BYTES_PER_SAMPLE // 2 * BYTES_PER_SAMPLE
            whole = wav(samples, rate)
            return whole[: len(whole) - missing]
        case "not_wav":
            return _NO_WAV


class _Cut(Response):
    """A body whose connection breaks."""

    def __init__(self, body: bytes, cut_after: int) -> None:
        super().__init__(body, media_type=_MEDIA_TYPE)
        self._cut_after = cut_after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        part = bytes(self.body[: self._cut_after])
        await send({"type": "http.response.body", "body": part, "more_body": True})
        raise ConnectionCut
