"""The lines that one attempt of a step adds to the log, numbered.

A line that was offered never changes: when nobody knows what became of it, it is offered again under the same
number, which is harmless. Owns the way from offered to known, and the text that the lines add up to; must not
decide what is said.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activities import metrics
from activities.store.client import StoreUnavailableError
from activities.store.event_log import Appended, Batch, Entry, EventLog, Outcome, Position, Writer
from workflows.contract.events import StreamedEvent
from workflows.contract.publication import Publication

AWAY_SECONDS: Final = 0.2
"""Between two tries to reach a store that is away: what was generated is not thrown away for that."""


class WritingEndedError(Exception):
    """The log takes no more from this attempt: STOPPED, FENCED or LOST."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True)
class _Line:
    entry: Entry
    text: str | None
    """What it adds to the message; None takes back what was shown."""


class Lines:
    """Continues where `position` is and the message's deltas are `shown`. One task at a time may use it."""

    def __init__(self, log: EventLog, writer: Writer, position: Position, shown: Sequence[str]) -> None:
        self._log = log
        self.writer = writer
        self._first = position.next
        self._offered: list[_Line] = []
        self._known = 0
        self._response_id, self._cursor = position.response_id, position.cursor
        self.tail = position.tail
        """What is remembered beside the cursor."""
        self._taken_over = tuple(shown)
        self._text = list(shown)
        self.length = sum(map(len, shown))
        """Code points that viewers may hold."""

    def elsewhere(self, writer: Writer, index: int) -> "Lines":
        """No lines yet, for `writer` from its `index` on, that remember what these do."""
        response_id, cursor = self.remembered
        position = Position(
            next=index, response_id=response_id, cursor=cursor, done=None, first=0, tail=self.tail
        )
        return Lines(self._log, writer, position, ())

    @property
    def text(self) -> str:
        """What viewers hold when every line is in the log."""
        return "".join(self._text)

    @property
    def deltas(self) -> Sequence[str]:
        """The pieces of it, each of which is a delta."""
        return [text for text in self._text if text]

    @property
    def remembered(self) -> tuple[str | None, int | None]:
        """The provider's response, and its last event that the lines hold."""
        return self._response_id, self._cursor

    @property
    def all_known(self) -> bool:
        """Whether every line is in the log."""
        return self._known == len(self._offered)

    def remember(self, response_id: str | None, cursor: int | None, tail: str = "") -> None:
        """With the next flush: the provider's response, and its last event that the lines hold."""
        self._response_id, self._cursor, self.tail = response_id, cursor, tail

    def offer(self, event: StreamedEvent, text: str | None = "") -> None:
        """Add a line with `event`, which adds `text` to the message; None takes back what was shown."""
        self._offered.append(_Line(Entry.of(self.writer.session_id, event), text))
        self._read(text)

    async def flush(
        self, done: bytes | None = None, *, stoppable: bool = True, turn_end: Publication | None = None
    ) -> bool:
        """Bring every line into the log, however long the store is away; whether `turn_end` was said, too.

        Raises WritingEndedError; after STOPPED, the lines that the log did not take are gone.
        """
        written = await self._append(self._known, done, stoppable, turn_end)
        while written.outcome is Outcome.GAP and written.next >= self._first:
            # The store lost our last lines: say them again, under the same numbers.
            written = await self._append(written.next - self._first, done, stoppable, turn_end)
        if written.outcome is Outcome.OK:
            self._know(len(self._offered))
            return written.turn_ended
        if written.outcome is Outcome.STOPPED and written.next >= self._first:
            self._withdraw(written.next - self._first)
            raise WritingEndedError(written.outcome)
        raise WritingEndedError(Outcome.FENCED if written.outcome is Outcome.FENCED else Outcome.LOST)

    async def _append(
        self, start: int, done: bytes | None, stoppable: bool, turn_end: Publication | None
    ) -> Appended:
        batch = Batch(
            start=self._first + start,
            entries=[line.entry for line in self._offered[start:]],
            response_id=self._response_id,
            cursor=self._cursor,
            tail=self.tail,
            done=done,
            stoppable=stoppable,
            turn_end=turn_end,
        )
        while True:
            try:
                return await self._log.append(self.writer, batch)
            except StoreUnavailableError:
                await asyncio.sleep(AWAY_SECONDS)

    def _read(self, text: str | None) -> None:
        if text is None:
            self._text, self.length = [], 0
        else:
            self._text.append(text)
            self.length += len(text)

    def _know(self, count: int) -> None:
        """The first `count` lines are in the log."""
        metrics.streamed(line.entry.kind for line in self._offered[self._known : count])
        self._known = count

    def _withdraw(self, kept: int) -> None:
        del self._offered[kept:]
        self._know(kept)
        self._text, self.length = [], 0
        for text in (*self._taken_over, *(line.text for line in self._offered)):
            self._read(text)
