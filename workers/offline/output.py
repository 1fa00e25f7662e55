"""Owns the items of a response's output, a message or a function call: their objects and their events.

Must not know when a delta is due.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Literal

from workers.offline.conversation import Item, Message, ToolCall
from workers.offline.events import DeltaEncoder

ItemStatus = Literal["in_progress", "completed", "incomplete"]
Event = tuple[str, dict[str, Any]]


class OutputItem(ABC):
    """One item while it grows delta by delta, and afterwards."""

    def __init__(self, kind: str, index: int) -> None:
        self.id = f"{kind}_{secrets.token_hex(24)}"
        self.index = index
        self.status: ItemStatus = "in_progress"
        self.pieces: list[str] = []
        self.encode_delta = self._delta_encoder()

    @property
    def text(self) -> str:
        """Return what has been generated of it."""
        return "".join(self.pieces)

    def opening(self) -> Iterator[Event]:
        """Return the events that announce the item."""
        yield "response.output_item.added", {"output_index": self.index, "item": self.snapshot()}

    def closing(self, status: ItemStatus) -> Iterator[Event]:
        """Settle the item and return the events that say so."""
        self.status = status
        yield "response.output_item.done", {"output_index": self.index, "item": self.snapshot()}

    @abstractmethod
    def snapshot(self) -> dict[str, Any]:
        """Return the item's object as it is now."""

    @abstractmethod
    def as_item(self) -> Item:
        """Return what the item adds to the conversation."""

    @abstractmethod
    def _delta_encoder(self) -> DeltaEncoder: ...

    def _place(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self.index}


class MessageOutput(OutputItem):
    """A message of the assistant with one part of text."""

    def __init__(self, index: int) -> None:
        super().__init__("msg", index)

    def opening(self) -> Iterator[Event]:
        """Return the events that announce the message and its only part."""
        yield from super().opening()
        yield "response.content_part.added", self._place() | {"part": _text_part("")}

    def closing(self, status: ItemStatus) -> Iterator[Event]:
        """Settle the message and return the events that say so."""
        yield "response.output_text.done", self._place() | {"text": self.text, "logprobs": []}
        yield "response.content_part.done", self._place() | {"part": _text_part(self.text)}
        yield from super().closing(status)

    def snapshot(self) -> dict[str, Any]:
        """Return the message object as it is now."""
        content = [_text_part(self.text)] if self.pieces or self.status != "in_progress" else []
        return {
            "id": self.id,
            "type": "message",
            "status": self.status,
            "role": "assistant",
            "content": content,
        }

    def as_item(self) -> Item:
        """Return the assistant's message."""
        return Message("assistant", self.text)

    def _delta_encoder(self) -> DeltaEncoder:
        return DeltaEncoder("response.output_text.delta", self._place() | {"logprobs": []})

    def _place(self) -> dict[str, Any]:
        return super()._place() | {"content_index": 0}


class CallOutput(OutputItem):
    """A function call whose arguments are streamed."""

    def __init__(self, index: int, name: str) -> None:
        super().__init__("fc", index)
        self._call_id = f"call_{secrets.token_hex(12)}"
        self._name = name

    def closing(self, status: ItemStatus) -> Iterator[Event]:
        """Settle the call and return the events that say so."""
        yield "response.function_call_arguments.done", self._place() | {"arguments": self.text}
        yield from super().closing(status)

    def snapshot(self) -> dict[str, Any]:
        """Return the call object as it is now."""
        return {
            "id": self.id,
            "type": "function_call",
            "status": self.status,
            "call_id": self._call_id,
            "name": self._name,
            "arguments": self.text,
        }

    def as_item(self) -> Item:
        """Return the call, which waits for its output."""
        return ToolCall(self._call_id, self._name, self.text)

    def _delta_encoder(self) -> DeltaEncoder:
        return DeltaEncoder("response.function_call_arguments.delta", self._place())


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
