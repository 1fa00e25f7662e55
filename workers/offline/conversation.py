"""Owns what the model sees of a conversation. Must not know HTTP, storage, or how answers are found."""

from collections.abc import Iterable
from dataclasses import dataclass

from workers.offline.errors import Rejection


@dataclass(frozen=True, slots=True)
class Message:
    """What a person, the application, or the model said."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function the model asked for; `arguments` is the JSON text as sent."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the application answered to a tool call."""

    call_id: str
    output: str


Item = Message | ToolCall | ToolResult


@dataclass(frozen=True)
class Conversation:
    """All items the model sees for one response, oldest first, and the instructions of this response."""

    items: tuple[Item, ...]
    instructions: str = ""

    def texts(self, *roles: str) -> tuple[str, ...]:
        """Return what was said by these roles, oldest first."""
        return tuple(item.text for item in self.items if isinstance(item, Message) and item.role in roles)

    def last(self) -> Item | None:
        """Return the newest item, if there is any."""
        return self.items[-1] if self.items else None

    def require_answered_calls(self) -> None:
        """Refuse, as the OpenAI API does, calls without an output and outputs without a call."""
        calls = {item.call_id for item in self.items if isinstance(item, ToolCall)}
        results = {item.call_id for item in self.items if isinstance(item, ToolResult)}
        for call_id in sorted(calls - results):
            raise Rejection(f"No tool output found for function call {call_id}.", param="input")
        for call_id in sorted(results - calls):
            message = f"No tool call found for function call output with call_id {call_id}."
            raise Rejection(message, param="input")


def last_user_text(items: Iterable[Item]) -> str | None:
    """Return what the person said last, or None when nobody spoke."""
    texts = [item.text for item in items if isinstance(item, Message) and item.role == "user"]
    return texts[-1] if texts else None
