"""Messages that wait for their turn.

Owns their order and their weight; must not know whether a turn is running.
"""

from typing import Final

from workflows.contract.base import Timestamp, Value
from workflows.contract.profile import Settings
from workflows.contract.session import PREVIEW_LENGTH, Delivery, QueuedView
from workflows.state.weight import weight

MAX_WAITING_BYTES: Final = 256 * 1024

_ORDER: Final = {Delivery.INTERRUPT: 0, Delivery.STEER: 1, Delivery.QUEUE: 2}


class WaitingMessage(Value):
    """A message that was accepted and has not reached the model."""

    message_id: str
    number: int = 0
    """Which of the session's messages it is."""
    content: str
    agent: str
    delivery: Delivery
    settings: Settings = Settings()
    accepted_at: Timestamp

    def view(self) -> QueuedView:
        """What clients see of it."""
        return QueuedView(
            message_id=self.message_id,
            delivery=self.delivery,
            agent=self.agent,
            text=self.content[:PREVIEW_LENGTH],
        )


class Queue(Value):
    """Waiting messages in the order in which they will be used."""

    waiting: tuple[WaitingMessage, ...] = ()
    weight: int = 0

    def __len__(self) -> int:
        return len(self.waiting)

    def has_room_for(self, content: str) -> bool:
        """Whether `content` may wait too."""
        return self.weight + weight(content) <= MAX_WAITING_BYTES

    def place_of(self, delivery: Delivery) -> int:
        """How many waiting messages would be used before a new one of this `delivery`."""
        return sum(_ORDER[message.delivery] <= _ORDER[delivery] for message in self.waiting)

    def find(self, message_id: str) -> WaitingMessage | None:
        """The waiting message of this id."""
        return next((m for m in self.waiting if m.message_id == message_id), None)

    def added(self, message: WaitingMessage) -> "Queue":
        """With `message` behind all that goes first."""
        place = self.place_of(message.delivery)
        return Queue(
            waiting=(*self.waiting[:place], message, *self.waiting[place:]),
            weight=self.weight + weight(message.content),
        )

    def without(self, message_ids: tuple[str, ...]) -> "Queue":
        """Without the messages of these ids."""
        named = frozenset(message_ids)
        gone = {m.message_id: weight(m.content) for m in self.waiting if m.message_id in named}
        if not gone:
            return self
        return Queue(
            waiting=tuple(m for m in self.waiting if m.message_id not in gone),
            weight=self.weight - sum(gone.values()),
        )

    def next_turn(self) -> tuple[WaitingMessage, ...]:
        """The messages that start the next turn together: all steers of one agent, else a single one."""
        if not self.waiting:
            return ()
        first = self.waiting[0]
        return self.steers(first.agent) if first.delivery is Delivery.STEER else (first,)

    def steers(self, agent: str) -> tuple[WaitingMessage, ...]:
        """The messages that wait to steer `agent`."""
        return tuple(m for m in self.waiting if m.delivery is Delivery.STEER and m.agent == agent)
