"""What every event has.

Owns the common fields and the two ways an event is told; must not know any event.
"""

from typing import Any, ClassVar

from workflows.contract.base import Timestamp, Value


class DomainEvent(Value):
    """Something that happened at `at`."""

    private: ClassVar[bool] = False
    shows_session: ClassVar[bool] = False
    """Whether clients get the whole session object with it."""
    unpublished_fields: ClassVar[frozenset[str]] = frozenset()

    type: str
    at: Timestamp

    def fields(self) -> dict[str, Any]:
        """The event as clients see it, but for the session's id and object."""
        return self.model_dump(mode="json", exclude=set(self.unpublished_fields))

    def published(self, session_id: str) -> dict[str, Any]:
        """The event as clients of the session see it, but for its object."""
        fields = self.fields()
        return {"type": fields.pop("type"), "session_id": session_id, "at": fields.pop("at"), **fields}
