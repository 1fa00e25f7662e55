"""Owns the bytes of a server-sent event. Must not know when one is sent.

All JSON is ASCII: whatever a person wrote, no line separator or lone surrogate can break the framing.
"""

import json
from collections.abc import Mapping
from typing import Any

_CLOSING = b"}\n\n"


def encode(kind: str, sequence_number: int, fields: Mapping[str, Any]) -> bytes:
    """Return one event as it goes over the wire."""
    payload = compact({"type": kind, "sequence_number": sequence_number, **fields})
    return f"event: {kind}\ndata: {payload}\n\n".encode("ascii")


class DeltaEncoder:
    """Encodes the deltas of one output item; all but number and text is encoded only once."""

    def __init__(self, kind: str, fields: Mapping[str, Any]) -> None:
        self._head = f'event: {kind}\ndata: {{"type":"{kind}",{compact(fields)[1:-1]},"sequence_number":'

    def __call__(self, sequence_number: int, delta: str) -> bytes:
        """Return one delta as it goes over the wire."""
        return f'{self._head}{sequence_number},"delta":{json.dumps(delta)}}}\n\n'.encode("ascii")


def broken(event: bytes) -> bytes:
    """Return the event with JSON that ends too early, in intact framing."""
    return event.removesuffix(_CLOSING) + b"\n\n"


def compact(value: object) -> str:
    """Return ASCII JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))
