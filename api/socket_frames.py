"""What goes over a session's WebSocket: one JSON object a frame, in both directions.

Owns shapes and spelling; must not know sockets, nor carry out what a frame asks for.
"""

from collections.abc import Mapping
from json import JSONDecodeError
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from api import errors
from api.errors import Problem
from api.event_stream import Seen
from api.gate import MAX_BODY
from api.json_body import read_json
from api.requests import NewMessage
from workflows.contract.base import Request
from workflows.contract.commands import InterruptionReport, MicrophoneReport, PlaybackReport
from workflows.contract.errors import ErrorCode

MAX_ID: Final = 128
"""A message that has a longer one is refused for that."""
PONG: Final = '{"type":"pong"}'


class Stop(Request):
    """Stop the running turn."""


class Ping(Request):
    """Ask for a pong."""


Asked = NewMessage | Stop | Ping | MicrophoneReport | PlaybackReport | InterruptionReport
"""What a client may ask for."""

_SHAPES: Final[Mapping[str, type[Asked]]] = {
    "message": NewMessage,
    "stop": Stop,
    "listening": MicrophoneReport,
    "playback": PlaybackReport,
    "barge_in": InterruptionReport,
    "ping": Ping,
}


def read_object(text: str | None) -> dict[str, Any]:
    """The JSON object of a text frame; `text` is None for a binary one. Raises Problem."""
    if text is None:
        raise Problem(ErrorCode.INVALID_REQUEST, "Send JSON in text frames.")
    body = text.encode()
    if len(body) > MAX_BODY:
        raise Problem(ErrorCode.PAYLOAD_TOO_LARGE, f"A frame may have {MAX_BODY} bytes; send less.")
    try:
        value = read_json(body)
    except JSONDecodeError as error:
        raise Problem(ErrorCode.INVALID_REQUEST, f"This is no JSON: {error.msg}") from error
    if not isinstance(value, dict):
        raise Problem(ErrorCode.INVALID_REQUEST, "A frame is one JSON object.")
    return value


def read_frame(given: Mapping[str, Any]) -> Asked:
    """What the client asks for. Raises Problem."""
    kind = str(given.get("type"))
    shape = _SHAPES.get(kind)
    if shape is None:
        raise Problem(
            ErrorCode.INVALID_REQUEST,
            f"There is no such frame; there are: {', '.join(_SHAPES)}.",
            field="type",
        )
    try:
        return shape.model_validate({name: value for name, value in given.items() if name != "type"})
    except ValidationError as error:
        raise errors.invalid(error) from error


def event_frame(seen: Seen) -> str:
    """One event, with its cursor, marked when it is a replay."""
    mark = b'"replay":true,' if seen.replay else b""
    return (b'{"cursor":"%s",%s' % (str(seen.event.cursor).encode(), mark) + seen.event.event[1:]).decode()


def taken_frame(what: str, **fields: str) -> str:
    """The answer to a write."""
    return to_json({"type": f"{what}.taken", **fields}).decode()


def error_frame(problem: Problem, refused: Mapping[str, Any]) -> str:
    """The answer to a frame that was refused; names the message that it was, if it was one."""
    frame = {**errors.fields(problem), "type": "error"}
    message_id = refused.get("message_id")
    if isinstance(message_id, str) and len(message_id) <= MAX_ID:
        frame["message_id"] = message_id
    return to_json(frame).decode()
