"""One assistant message on its way into the log.

Owns the text that viewers hold, its offsets, and the pace of writing: the first delta at once, the rest in
short batches. What is shown and what is remembered (provider's cursor, response) go in one write. Must not
know the provider's protocol.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

from activities.store.event_log import Batch, Entry, EventLog, Outcome, Position, Writer
from workflows.contract.base import Value
from workflows.contract.events import MessageCompleted, MessageDelta, TurnSuperseded
from workflows.contract.model_call import StepResult

BATCH_SECONDS: Final = 0.015


class WritingEndedError(Exception):
    """The log takes no more from this attempt: STOPPED, FENCED or LOST."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Answer:
    """The message that one attempt of a step writes; `shown` is what viewers hold of it."""

    def __init__(
        self, log: EventLog, writer: Writer, message_id: str, position: Position, shown: str
    ) -> None:
        self._log = log
        self._writer = writer
        self._message_id = message_id
        self._shown = [shown]
        self._length = len(shown)
        self._heard: list[str] = []
        self._start = position.next
        self._written: list[Entry] = []
        self._heard_something = asyncio.Event()
        self._writing = asyncio.Lock()
        self.response_id = position.response_id
        self.cursor = position.cursor
        """The provider's last event that was heard."""

    @property
    def shown(self) -> str:
        """The text that viewers hold."""
        return "".join(self._shown)

    @property
    def length(self) -> int:
        """Code points that viewers hold."""
        return self._length

    def opened(self, response_id: str, cursor: int) -> None:
        """Remember, with the next write, that the provider has begun."""
        self.response_id, self.cursor = response_id, cursor
        self._heard_something.set()

    def heard(self, text: str, cursor: int | None) -> None:
        """The provider said `text`; it is shown with the next write."""
        self._heard.append(text)
        self.cursor = cursor
        self._heard_something.set()

    def heard_whole(self, text: str) -> None:
        """The provider's answer so far is `text`; what of it was not heard yet is shown."""
        known = self._length + sum(map(len, self._heard))
        self.heard(text[known:], self.cursor)

    async def keep_writing(self) -> None:
        """Write what was heard, until cancelled. Raises WritingEndedError."""
        while True:
            await self._heard_something.wait()
            # A write that has begun is not torn apart: what it shows must be remembered here too.
            if await asyncio.shield(self.write()):
                await asyncio.sleep(BATCH_SECONDS)

    async def write(self) -> bool:
        """Write what was heard; whether there was text. Raises WritingEndedError."""
        async with self._writing:
            self._heard_something.clear()
            count = len(self._heard)
            text = "".join(self._heard)
            await self._append(*([self._delta(text)] if text else []))
            del self._heard[:count]
            self._show(text)
            return bool(text)

    async def supersede(self) -> None:
        """Take back what was shown, and forget the response that said it."""
        async with self._writing:
            self._heard.clear()
            self.response_id = self.cursor = None
            event = TurnSuperseded(at=_now(), turn=self._writer.turn, message_id=self._message_id)
            await self._append(*([event] if self._length else []))
            self._shown, self._length = [], 0

    async def forget_response(self) -> None:
        """Remember that there is nothing to resume; what was shown stays until it is superseded."""
        async with self._writing:
            self._heard.clear()
            self.response_id = self.cursor = None
            await self._append()

    async def finish(self, result: StepResult) -> StepResult:
        """Say the message's last word and store `result` with its text, which is returned.

        A complete message shows all that was heard, a broken one no more than viewers already hold.
        """
        async with self._writing:
            complete = result.outcome == "complete"
            text = "".join(self._heard) if complete else ""
            self._heard.clear()
            final = result.model_copy(update={"text": self.shown + text})
            events: list[Value] = [self._delta(text)] if text else []
            if final.text or complete:
                events.append(self._completed(final))
            await self._append(*events, done=final.model_dump_json().encode(), stoppable=complete)
            self._show(text)
            return final

    def _show(self, text: str) -> None:
        self._shown.append(text)
        self._length += len(text)

    def _delta(self, text: str) -> MessageDelta:
        return MessageDelta(
            at=_now(),
            turn=self._writer.turn,
            message_id=self._message_id,
            offset=self._length,
            text=text,
        )

    def _completed(self, result: StepResult) -> MessageCompleted:
        return MessageCompleted(
            at=_now(),
            turn=self._writer.turn,
            message_id=self._message_id,
            text=result.text,
            status=result.outcome,
        )

    async def _append(self, *events: Value, done: bytes | None = None, stoppable: bool = True) -> None:
        entries = [Entry.of(self._writer.session_id, event) for event in events]
        pending = [*self._written, *entries]
        index = self._start + len(self._written)
        while True:
            batch = Batch(
                start=index,
                entries=pending[index - self._start :],
                response_id=self.response_id,
                cursor=self.cursor,
                done=done,
                stoppable=stoppable,
            )
            outcome, known = await self._log.append(self._writer, batch)
            if outcome is Outcome.OK:
                self._written = pending
                return
            if outcome is not Outcome.GAP or known < self._start:
                raise WritingEndedError(Outcome.LOST if outcome is Outcome.GAP else outcome)
            # The store lost our last lines: say them again, under the same index.
            index = known


def _now() -> datetime:
    return datetime.now(UTC)
