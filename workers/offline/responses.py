"""Owns one response from `queued` to its end: its object, and the events that tell its story.

Must not decide what is said or when: the generation drives it.
"""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from workers.offline.conversation import Item
from workers.offline.event_log import EventLog
from workers.offline.events import encode
from workers.offline.output import Event, ItemStatus, OutputItem
from workers.offline.request import CreateRequest
from workers.offline.tokens import Prefix

Status = Literal["queued", "in_progress", "completed", "failed", "incomplete", "cancelled"]

_REASONING_TOKENS = {"low": 32, "medium": 128, "high": 256, "xhigh": 512, "max": 1024}


@dataclass(frozen=True)
class Ending:
    """How a generation ends; `code` is the error of a failure or the reason of an incompletion."""

    status: Literal["completed", "failed", "incomplete"] = "completed"
    code: str = ""


@dataclass(frozen=True)
class Sent:
    """What the model got to read: this request's own items, and all of the conversation in tokens."""

    items: tuple[Item, ...]
    prefix: Prefix
    cached_tokens: int
    instruction_tokens: int


class StoredResponse:
    """A response and its events; `sequence_number` is the place in the log."""

    def __init__(self, request: CreateRequest, sent: Sent) -> None:
        self.id = f"resp_{secrets.token_hex(24)}"
        self.request = request
        self.sent = sent
        self.output: list[OutputItem] = []
        self.log = EventLog()
        self.status: Status = "queued" if request.background else "in_progress"
        self._created_at = int(time.time())
        self._completed_at: int | None = None
        self._ending: Ending | None = None
        self._announce()

    @property
    def background(self) -> bool:
        """Return whether the generation is independent of the connection."""
        return bool(self.request.background)

    @property
    def retrievable(self) -> bool:
        """Return whether others may see it: in the foreground only when it is over."""
        return self.request.stored and (self.background or self.log.closed)

    @property
    def over(self) -> bool:
        """Return whether it reached an end of its own, which neither cancellation nor abandonment is."""
        return self._ending is not None

    @property
    def chainable(self) -> bool:
        """Return whether a later response can follow this one."""
        return self.request.stored and self._ending is not None and self._ending.status != "failed"

    def items(self) -> tuple[Item, ...]:
        """Return what this response added to the conversation: its input, then its output."""
        return self.sent.items + tuple(item.as_item() for item in self.output)

    def prefix(self) -> Prefix:
        """Return the whole conversation up to the end of this response, as a cache would know it."""
        prefix = self.sent.prefix
        for item in self.output:
            prefix = prefix.extended(item.as_item())
        return prefix

    def start(self) -> None:
        """Begin to work."""
        self.status = "in_progress"
        self._tell("response.in_progress")
        self.log.end_prologue()

    def open(self, item: OutputItem) -> None:
        """Begin an item of the output."""
        self._append(item.opening())
        self.output.append(item)

    def add(self, item: OutputItem, delta: str) -> None:
        """Append a piece to an open item."""
        item.pieces.append(delta)
        self.log.append_delta(item.encode_delta(self.log.next_number, delta))

    def close(self, item: OutputItem, status: ItemStatus) -> None:
        """End an item of the output."""
        self._append(item.closing(status))

    def end(self, ending: Ending) -> None:
        """Reach the terminal state, and say so."""
        self.status, self._ending = ending.status, ending
        if ending.status == "completed":
            self._completed_at = int(time.time())
        self._tell(f"response.{ending.status}")
        self.log.close()

    def cancel(self) -> None:
        """Stop at the client's request: as the OpenAI API does, the output is gone and the stream fails."""
        self.status = "cancelled"
        self.output.clear()
        self._tell("response.failed")
        self.log.close()

    def abandon(self) -> None:
        """Stop because nobody reads any more; the stream has no end."""
        self.status = "incomplete"
        self.log.close(torn=True)

    def snapshot(self) -> dict[str, Any]:
        """Return the response object as it is now."""
        ending = self._ending or Ending()
        return self.request.echo() | {
            "id": self.id,
            "object": "response",
            "created_at": self._created_at,
            "completed_at": self._completed_at,
            "status": self.status,
            "error": _error(ending.code) if ending.status == "failed" else None,
            "incomplete_details": {"reason": ending.code} if ending.status == "incomplete" else None,
            "output": [item.snapshot() for item in self.output],
            "usage": self._usage() if self._ending else None,
        }

    def _announce(self) -> None:
        self._tell("response.created")
        if self.background:
            self._tell("response.queued")

    def _tell(self, kind: str) -> None:
        self._append([(kind, {"response": self.snapshot()})])

    def _append(self, events: Iterable[Event]) -> None:
        for kind, fields in events:
            self.log.append(encode(kind, self.log.next_number, fields))

    def _usage(self) -> dict[str, Any]:
        reasoning = _REASONING_TOKENS.get(self.request.effort or "", 0)
        read = self.sent.prefix.tokens + self.sent.instruction_tokens
        written = self.log.delta_count + reasoning
        cached = self.sent.cached_tokens
        return {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": read + written,
        }


def _error(code: str) -> dict[str, str]:
    return {"code": code, "message": "The offline model was told to fail."}
