"""A viewer of one session who comes again and again with the cursor of the last event.

Owns the coming back; what is served is the API's, and what is held is judged by the strict reducer.
"""

from typing import Final

from pydantic_core import from_json

from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from api.event_stream import EventStream
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

    async def read(self, limit: int = EVERYTHING) -> int:
        """Take in the next events; how many there were. Raises ContractViolationError."""
        stream = EventStream(self._session_id, self.cursor, self._reader, self._projection)
        await stream.open()
        page = await stream.page(limit)
        for seen in page:
            spelled = str(seen.event.cursor)
            self.held.feed(from_json(seen.event.event), spelled)
            self.cursor = Cursor.parse(spelled) or BEGINNING
        return len(page)

    async def read_to_the_end(self) -> None:
        """Take in all events, however often that means to begin anew."""
        while await self.read():
            pass
