"""Server-sent events: frames as bytes.

Source: WHATWG HTML, server-sent events. JSON never holds a raw line feed or carriage return, so one `data`
line is enough. Must not know where events come from.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from api.event_stream import Seen

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
CHUNK_BYTES: Final = 64 * 1024
HEARTBEAT_SECONDS: Final = 15.0
HEARTBEAT: Final = b": still here\n\n"
_REPLAY: Final = b'{"replay":true,'


def frame(seen: Seen) -> bytes:
    """One event as a frame."""
    event = seen.event
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        str(event.cursor).encode(),
        event.kind.encode(),
        data(seen),
    )


def passing_frame(kind: str, event: bytes) -> bytes:
    """An event that is told once and kept nowhere, so that it has no id."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), event)


def chunks(events: Sequence[Seen]) -> Iterator[bytes]:
    """Events as frames, some at a time, so that they need not be copied whole."""
    frames, size = [], 0
    for seen in events:
        frames.append(frame(seen))
        size += len(frames[-1])
        if size >= CHUNK_BYTES:
            yield b"".join(frames)
            frames, size = [], 0
    if frames:
        yield b"".join(frames)


def data(seen: Seen) -> bytes:
    """One event as JSON, marked when it is a replay."""
    return _REPLAY + seen.event.event[1:] if seen.replay else seen.event.event
