"""Owns what an answer may look at: the question and all that was said before it. Must not phrase answers."""

from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from workers.offline.answers.memory import Memory, recall
from workers.offline.conversation import Conversation, Message

_LONGEST_QUOTE = 1_000


@dataclass(frozen=True)
class Exchange:
    """The person's newest words in their conversation."""

    conversation: Conversation

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """All that the person said, oldest first."""
        return self.conversation.texts("user")

    @cached_property
    def replies(self) -> tuple[str, ...]:
        """All that the model said, oldest first."""
        return self.conversation.texts("assistant")

    @cached_property
    def memory(self) -> Memory:
        """Facts from the person and from the application: a summary of older messages counts as told."""
        told = self.conversation.texts("user", "system", "developer")
        return recall((self.conversation.instructions, *told))

    @property
    def text(self) -> str:
        """What the person said last; empty when nobody spoke."""
        return self.texts[-1] if self.texts else ""

    @property
    def earlier(self) -> tuple[str, ...]:
        """What the person had said before."""
        return self.texts[:-1]

    @property
    def asked(self) -> bool:
        """Whether the person spoke after the model's last message."""
        return any(message.role == "user" for message in self._since_the_last_reply)

    @cached_property
    def guidance(self) -> str:
        """What the application asks for now: what it asked for in the middle of the past is done."""
        opening = takewhile(_is_of_the_application, self._messages)
        current = filter(_is_of_the_application, self._since_the_last_reply)
        texts = dict.fromkeys(message.text for message in (*opening, *current))
        return "\n".join((self.conversation.instructions, *texts))

    @property
    def _messages(self) -> list[Message]:
        return [item for item in self.conversation.items if isinstance(item, Message)]

    @cached_property
    def _since_the_last_reply(self) -> list[Message]:
        newest_first = takewhile(lambda message: message.role != "assistant", reversed(self._messages))
        return list(newest_first)[::-1]


def _is_of_the_application(message: Message) -> bool:
    return message.role in ("system", "developer")


def quoted(text: str) -> str:
    """Return a text in quotation marks, shortened where it is very long."""
    shown = text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "..."
    return f'"{shown}"'
