"""What happens to messages, of the person and of the model.

Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Literal

from workflows.contract.errors import ErrorCode
from workflows.contract.events.base import DomainEvent
from workflows.contract.profile import Settings
from workflows.contract.session import Delivery


class MessageAccepted(DomainEvent):
    unpublished_fields = frozenset({"settings"})
    type: Literal["message.accepted"] = "message.accepted"
    message_id: str
    delivery: Delivery
    position: int
    agent: str
    content: str
    settings: Settings = Settings()


class MessageRejected(DomainEvent):
    type: Literal["message.rejected"] = "message.rejected"
    message_id: str
    reason: ErrorCode


class MessageWithdrawn(DomainEvent):
    unpublished_fields = frozenset({"number"})
    type: Literal["message.withdrawn"] = "message.withdrawn"
    message_id: str
    number: int = 0
    """Which of the session's messages it was; an id may come again, much later."""
    reason: Literal["withdrawn"] = "withdrawn"


class MessageInjected(DomainEvent):
    type: Literal["message.injected"] = "message.injected"
    message_id: str
    turn: int


class MessageDelta(DomainEvent):
    type: Literal["message.delta"] = "message.delta"
    turn: int
    message_id: str
    offset: int
    text: str


class MessageCompleted(DomainEvent):
    type: Literal["message.completed"] = "message.completed"
    turn: int
    message_id: str
    text: str
    status: Literal["complete", "stopped", "failed"]


MessageEvent = MessageAccepted | MessageRejected | MessageWithdrawn | MessageInjected
