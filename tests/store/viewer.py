"""A viewer of one session, as an API process serves it.

Owns reading on, and beginning anew from the projection where the log is torn or a new epoch begins. What it
holds is judged by the strict reducer.
"""

from typing import Any, Final

from pydantic_core import from_json

from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LoggedEvent, LogReader, LogTornError
from activities.store.projection import ProjectedSession, Projection
from tests.reducer import Reducer

EVERYTHING: Final = 10_000


class Viewer:
    """Reads one session."""

    def __init__(self, reader: LogReader, projection: Projection, session_id: str) -> None:
        self._reader = reader
        self._projection = projection
        self._session_id = session_id
        self.held = Reducer()
        self.cursor = BEGINNING

    async def read(self, limit: int = EVERYTHING) -> None:
        """Take in the next events. Raises ContractViolationError."""
        try:
            entries = await self._reader.after(self._session_id, self.cursor, limit)
        except LogTornError:
            await self._begin_anew()
            return
        for entry in entries:
            if entry.kind == "reset":
                await self._begin_anew()
                return
            self.held.feed(from_json(entry.event), str(entry.cursor))
            # A client sends its cursor back as it was spelled.
            self.cursor = Cursor.parse(str(entry.cursor)) or BEGINNING

    async def read_to_the_end(self) -> None:
        """Take in all events, however often that means to begin anew."""
        seen = None
        while seen is None or seen != self.cursor:
            seen = self.cursor
            await self.read()

    async def _begin_anew(self) -> None:
        """Hold what was projected, and what the log says of the running turn up to there; go on behind it."""
        self.held, self.cursor = Reducer(), BEGINNING
        projected = await self._projection.session(self._session_id)
        if projected is None:
            return
        entries = await self._up_to(projected.cursor)
        if entries:
            self.cursor = entries[-1].cursor
            self.held.feed(await self._reset(projected, entries), str(self.cursor))

    async def _up_to(self, cursor: Cursor) -> list[LoggedEvent]:
        entries = await self._reader._range(self._session_id, f"{cursor.epoch}-0", EVERYTHING)
        return [entry for entry in entries if entry.cursor <= cursor]

    async def _reset(self, projected: ProjectedSession, entries: list[LoggedEvent]) -> dict[str, Any]:
        count = await self._projection.message_count(self._session_id)
        transcript = await self._projection.messages(self._session_id, 0, count) or ()
        messages = [message.model_dump(mode="json") for _, message in transcript]
        turn = projected.fields["turn"]
        spoken = Reducer()
        if turn is not None:
            spoken.turns[turn["number"]] = "running"
        for entry in entries:
            event = from_json(entry.event)
            if turn is not None and event.get("turn") == turn["number"] and "message_id" in event:
                spoken.feed(event)
        partial = None
        for message_id, said in spoken.messages.items():
            as_field = {"message_id": message_id, "turn": said.turn}
            if said.status == "open":
                partial = {**as_field, "text": said.text}
            else:
                messages.append({**as_field, "content": said.text, "status": said.status})
        common = {"type": "reset", "session_id": self._session_id, "session": projected.fields}
        return {**common, "messages": messages, "partial": partial}
