"""The `reset` event: everything that a viewer holds, for one who asks for what is no longer in the log.

Owns putting it together out of the projection and the log, as of one place in the log. Must not send it.
"""

from datetime import datetime
from typing import Any, Final

from pydantic_core import from_json, to_json

from activities.store.cursor import Cursor
from activities.store.log_reader import LoggedEvent, LogReader
from activities.store.projection import Projection
from workflows.contract.base import rfc3339
from workflows.contract.events import EpochStarted

PAGE: Final = 500
KIND: Final[str] = EpochStarted.model_fields["type"].default


async def reset_event(
    session_id: str, projection: Projection, reader: LogReader, now: datetime
) -> LoggedEvent:
    """The reset as of the projection; what follows its cursor in the log goes on from it."""
    image = await projection.image(session_id)
    event = {
        "type": KIND,
        "session_id": session_id,
        "at": rfc3339(now),
        "session": image.session.fields if image.session else None,
        "messages": [message.model_dump(mode="json") for message in image.messages],
        "partial": await _partial(session_id, image.cursor, reader),
        "sentences": [],
        "speech": [],
    }
    return LoggedEvent(image.cursor, KIND, to_json(event))


async def _partial(session_id: str, end: Cursor, reader: LogReader) -> dict[str, Any] | None:
    """The running message as of `end`; a running turn is never trimmed out of the log."""
    partial: dict[str, Any] | None = None
    cursor = Cursor(end.epoch, 0)
    while entries := await reader.after(session_id, cursor, PAGE):
        for entry in entries:
            if entry.cursor > end:
                return partial
            partial = _partial_after(partial, entry)
        cursor = entries[-1].cursor
    return partial


def _partial_after(partial: dict[str, Any] | None, entry: LoggedEvent) -> dict[str, Any] | None:
    if entry.kind in {"turn.superseded", "message.completed"}:
        return None
    if entry.kind != "message.delta":
        return partial
    event = from_json(entry.event)
    held = partial["text"] if partial and partial["message_id"] == event["message_id"] else ""
    return {"message_id": event["message_id"], "turn": event["turn"], "text": held + event["text"]}
