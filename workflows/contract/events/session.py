"""What happens to a session as a whole.

Owns names, fields and their JSON; must not decide when one happens.
"""

from typing import Any, Literal

from pydantic import JsonValue

from workflows.contract.base import Timestamp
from workflows.contract.events.base import DomainEvent
from workflows.contract.profile import Limits, Settings
from workflows.contract.session import EndReason, Status, Summary


class SessionStarted(DomainEvent):
    shows_session = True
    type: Literal["session.started"] = "session.started"


class SessionUpdated(DomainEvent):
    """Carries the new values whole, so that applying it twice is applying it once."""

    shows_session = True
    unpublished_fields = frozenset({"title", "metadata", "limits", "settings"})
    type: Literal["session.updated"] = "session.updated"
    title: str | None
    metadata: dict[str, JsonValue]
    limits: Limits
    settings: Settings


class SessionPaused(DomainEvent):
    shows_session = True
    type: Literal["session.paused"] = "session.paused"


class SessionResumed(DomainEvent):
    shows_session = True
    type: Literal["session.resumed"] = "session.resumed"


class SessionStatusChanged(DomainEvent):
    type: Literal["session.status_changed"] = "session.status_changed"
    old: Status
    new: Status


class SessionEndingSoon(DomainEvent):
    """`at` is when the session will end; for `max_messages`, `remaining` messages are left."""

    unpublished_fields = frozenset({"ends_at"})
    type: Literal["session.ending_soon"] = "session.ending_soon"
    reason: EndReason
    ends_at: Timestamp | None = None
    remaining: int | None = None

    def fields(self) -> dict[str, Any]:
        """As for every event; `at` is the end where a clock brings it, as the contract wants."""
        fields = super().fields()
        if self.ends_at is None:
            return fields
        return {name: value for name, value in fields.items() if name != "remaining"} | {
            "at": self.model_dump(mode="json")["ends_at"]
        }


class SessionEnded(DomainEvent):
    type: Literal["session.ended"] = "session.ended"
    reason: EndReason
    summary: Summary


class CommandTaken(DomainEvent):
    """A client or an operator acted; every clock that waits for one starts anew."""

    private = True
    type: Literal["command.taken"] = "command.taken"
    write_id: str | None = None
    by_person: bool = True
    """Rather than by a client of its own accord."""


class StoreDoubted(DomainEvent):
    """Somebody has reason to believe that the store lost something: the next publication finds out."""

    private = True
    type: Literal["store.doubted"] = "store.doubted"


class EpochStarted(DomainEvent):
    """The store lost the log: a new one begins with `reset`, which readers complete from the projection."""

    type: Literal["reset"] = "reset"


class EndDecided(DomainEvent):
    private = True
    type: Literal["session.end_decided"] = "session.end_decided"
    reason: EndReason


class DoorClosed(DomainEvent):
    """The store tells writers that the session is ending: what comes later is refused, not lost."""

    private = True
    type: Literal["session.door_closed"] = "session.door_closed"


SessionEvent = (
    SessionStarted
    | SessionUpdated
    | SessionPaused
    | SessionResumed
    | SessionStatusChanged
    | SessionEndingSoon
    | SessionEnded
    | CommandTaken
    | StoreDoubted
    | EpochStarted
    | EndDecided
    | DoorClosed
)
