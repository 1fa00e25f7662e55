"""The answer to one message, told apart from everything else that happens in its session.

Owns which turn answers the message, and how that turn ended. Must not know where the answer is shown.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.cli.errors import RefusedError
from api.cli.reducer import ENDED, Conversation, Event, Message
from api.cli.safe_text import one_line
from api.cli.wording import spelled

_OVER: Final = {"turn.completed": "completed", "turn.stopped": "stopped", "turn.failed": "failed"}


class Answer:
    """What answers `message_id`; hears every event before it is applied to the conversation."""

    def __init__(self, message_id: str) -> None:
        self._message_id = message_id
        self._begun_before: frozenset[str] = frozenset()
        self.turn: int | None = None
        self.status: str | None = None
        """How the turn ended: `completed`, `stopped`, `failed`; None while it has not."""
        self.error: str | None = None

    def includes(self, message: Message) -> bool:
        """Whether `message` belongs to the answer."""
        is_of_turn = message.role == "assistant" and message.turn == self.turn is not None
        return is_of_turn and message.message_id not in self._begun_before

    def hear(self, event: Event, held: Conversation) -> None:
        """Follow the message through its session. Raises RefusedError when it will not be answered."""
        kind = event["type"]
        if kind in {"message.rejected", "message.withdrawn"}:
            self._check_taken(event)
        if kind == "turn.started" and self._message_id in event["message_ids"]:
            self.turn = event["turn"]
        elif kind == "message.injected" and event["message_id"] == self._message_id:
            self.turn, self._begun_before = event["turn"], frozenset(held.messages)
        elif kind in _OVER and event["turn"] == self.turn:
            self._end(_OVER[kind], event)
        elif kind == "reset":
            self._find_again(event)
        elif kind == ENDED and self.status is None:
            raise RefusedError(f"The session is over, {spelled(event['reason'])}: nobody will answer.")

    def _check_taken(self, refused: Event) -> None:
        if refused["message_id"] == self._message_id:
            raise RefusedError(f"The message was not taken: {spelled(refused['reason'])}.")

    def _end(self, status: str, event: Event) -> None:
        self.status = status
        if status == "failed":
            self.error = one_line(event["error"]["message"])

    def _find_again(self, event: Event) -> None:
        """In a log that was lost and written anew."""
        for refused in event.get("rejected", ()):
            self._check_taken(refused)
        said: list[Mapping[str, Any]] = event["messages"]
        mine = next((message for message in said if message["message_id"] == self._message_id), None)
        if mine is None:
            return
        self.turn = mine["turn"]
        running = (event["session"] or {}).get("turn")
        if running is None or running["number"] != self.turn:
            ends = [message["status"] for message in said if message["turn"] == self.turn]
            self.status = "completed" if ends[-1] == "complete" else ends[-1]
