"""From events to paper: every message once, in order, and what is to be said about the rest.

Owns what has been put on paper. Must not know what paper it is, nor where events come from.
"""

from collections.abc import Callable, Sequence
from typing import Final

from api.cli.paper import Notice, Paper
from api.cli.reducer import ENDED, Conversation, Event, Message
from api.cli.wording import notice_of

_BROKEN_OFF: Final = {"stopped": "stopped", "failed": "broken off: the answer failed"}


def _everything(_: Message) -> bool:
    return True


class Narrator:
    """Tells a conversation to `paper`, as far as a message `is_wanted`."""

    def __init__(self, paper: Paper, is_wanted: Callable[[Message], bool] = _everything) -> None:
        self._paper = paper
        self._is_wanted = is_wanted
        self._told: dict[str, Message] = {}
        self.conversation = Conversation()

    def recall(self, events: Sequence[Event], most: int | None = None) -> None:
        """Tell what was said before: its last `most` messages."""
        for event in events:
            self.conversation = self.conversation.apply(event)
        messages = [message for message in self.conversation.messages.values() if message.text]
        skipped = len(messages) - most if most is not None and most < len(messages) else 0
        self._told = {message.message_id: message for message in messages[:skipped]}
        if skipped:
            self._paper.notice(Notice(f"… {skipped} earlier messages"))
        for message in messages[skipped:]:
            self.recite(message)
        if events and events[-1]["type"] == ENDED:
            self._note(events[-1], self.conversation)

    def recite(self, message: Message) -> None:
        """Tell a message of the past."""
        self._tell(message)
        if message.status in _BROKEN_OFF:
            self._paper.notice(Notice(_BROKEN_OFF[message.status]))

    def tell(self, event: Event) -> None:
        """Tell what `event` changes, and say what there is to say about it."""
        before = self.conversation
        self.follow(event)
        self._note(event, before)

    def follow(self, event: Event) -> None:
        """Tell what `event` changes in messages."""
        before, self.conversation = self.conversation, self.conversation.apply(event)
        if self.conversation.messages is not before.messages:
            for message in self.conversation.messages.values():
                self._tell(message)

    def _note(self, event: Event, before: Conversation) -> None:
        notice = notice_of(event, before)
        if notice:
            self._paper.notice(notice)

    def _tell(self, message: Message) -> None:
        told = self._told.get(message.message_id)
        if told is message or (told is not None and told.is_final):
            return
        self._told[message.message_id] = message
        if self._is_wanted(message):
            self._paper.message(message)
