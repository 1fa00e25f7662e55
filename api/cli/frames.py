"""Server-sent events out of bytes, however these are cut.

Splits at line feeds only: any other separator that Unicode knows may stand in a text. Source: WHATWG HTML,
server-sent events. Must not know what an event means.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One event as it came."""

    event_id: str
    kind: str
    data: str


class FrameParser:
    """Collects bytes until they are events."""

    def __init__(self) -> None:
        self._rest = b""
        self._event_id = ""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[Frame]:
        """The events that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [frame for line in lines if (frame := self._take(line.removesuffix(b"\r")))]

    def _take(self, line: bytes) -> Frame | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if name == b"data":
            self._data.append(text)
        elif name == b"event":
            self._kind = text
        elif name == b"id":
            self._event_id = text
        return None

    def _dispatch(self) -> Frame | None:
        frame = Frame(self._event_id, self._kind, "\n".join(self._data)) if self._data else None
        self._kind, self._data = "", []
        return frame
