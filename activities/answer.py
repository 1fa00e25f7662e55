"""One assistant message on its way into the log.

Owns what was heard of it, its words and the pace of writing: the first delta at once, the rest in short
batches. What is shown and what is remembered (provider's cursor, response) go in one write. Must not know the
provider's protocol.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

from activities.lines import Lines, WritingEndedError
from activities.store.event_log import EventLog, Outcome, Position, Writer
from workflows.contract.events import MessageCompleted, MessageDelta, TurnSuperseded
from workflows.contract.model_call import StepResult

BATCH_SECONDS: Final = 0.015


class Answer:
    """The message that one attempt of a step writes."""

    def __init__(
        self, log: EventLog, writer: Writer, message_id: str, position: Position, shown: str
    ) -> None:
        self._turn = writer.turn
        self._message_id = message_id
        self._lines = Lines(log, writer, position, shown)
        self._heard: list[str] = []
        self._heard_something = asyncio.Event()
        self._writing = asyncio.Lock()
        self._ended = False
        self._final: StepResult | None = None
        self.response_id = position.response_id
        self.cursor = position.cursor
        """The provider's last event that was heard."""

    @property
    def shown(self) -> str:
        """The text that viewers hold, or will when a write that is under way succeeds."""
        return self._lines.text

    @property
    def length(self) -> int:
        """Code points of it."""
        return self._lines.length

    def opened(self, response_id: str, cursor: int) -> None:
        """Remember, with the next write, that the provider has begun."""
        self.response_id, self.cursor = response_id, cursor
        self._heard_something.set()

    def heard(self, text: str, cursor: int | None) -> None:
        """The provider said `text`; it is shown with the next write, unless the last word was spoken."""
        if self._ended:
            return
        self._heard.append(text)
        self.cursor = cursor
        self._heard_something.set()

    def heard_whole(self, text: str) -> None:
        """The provider's answer so far is `text`; what of it was not heard yet is shown."""
        known = self.length + sum(map(len, self._heard))
        self.heard(text[known:], self.cursor)

    async def keep_writing(self) -> None:
        """Write what was heard, until cancelled. Raises WritingEndedError."""
        while True:
            await self._heard_something.wait()
            if await self.write():
                await asyncio.sleep(BATCH_SECONDS)

    async def write(self) -> bool:
        """Write what was heard; whether there was text. Raises WritingEndedError."""
        async with self._writing:
            self._heard_something.clear()
            if self._ended:
                return False
            said = self._say_what_was_heard()
            await self._lines.flush()
            return said

    async def supersede(self) -> None:
        """Take back what was shown, and forget the response that said it."""
        async with self._writing:
            if self._ended:
                return
            self._forget()
            if self.length:
                event = TurnSuperseded(at=_now(), turn=self._turn, message_id=self._message_id)
                self._lines.offer(event, None)
            await self._lines.flush()

    async def forget_response(self) -> None:
        """Remember that there is nothing to resume; what was shown stays until it is superseded."""
        async with self._writing:
            if self._ended:
                return
            self._forget()
            await self._lines.flush()

    async def finish(self, result: StepResult) -> StepResult:
        """Say the message's last word and store `result` with its text, which is returned.

        A complete message shows all that was heard, a broken one no more than viewers may already hold. Once
        said, the last word stands. Raises WritingEndedError.
        """
        self._ended = True
        async with self._writing:
            if self._final is None:
                self._final = await self._say_last_word(result)
            final = self._final
            try:
                await self._lines.flush(final.model_dump_json().encode(), stoppable=_is_complete(final))
            except WritingEndedError as error:
                if error.outcome is Outcome.STOPPED:
                    self._final = None
                raise
            return final

    async def _say_last_word(self, result: StepResult) -> StepResult:
        if _is_complete(result):
            self._say_what_was_heard()
        elif not self._lines.all_known:
            await self._find_out_what_is_shown()
        final = result.model_copy(update={"text": self.shown})
        if final.text or _is_complete(final):
            self._lines.offer(self._completed(final))
        return final

    async def _find_out_what_is_shown(self) -> None:
        """A write was cut short; what of it came too late for a stop stays unsaid."""
        try:
            await self._lines.flush()
        except WritingEndedError as error:
            if error.outcome is not Outcome.STOPPED:
                raise

    def _say_what_was_heard(self) -> bool:
        text = "".join(self._heard)
        self._heard.clear()
        if text:
            self._lines.offer(self._delta(text), text)
        self._lines.remember(self.response_id, self.cursor)
        return bool(text)

    def _forget(self) -> None:
        self._heard.clear()
        self.response_id = self.cursor = None
        self._lines.remember(None, None)

    def _delta(self, text: str) -> MessageDelta:
        return MessageDelta(
            at=_now(), turn=self._turn, message_id=self._message_id, offset=self.length, text=text
        )

    def _completed(self, final: StepResult) -> MessageCompleted:
        return MessageCompleted(
            at=_now(), turn=self._turn, message_id=self._message_id, text=final.text, status=final.outcome
        )


def _is_complete(result: StepResult) -> bool:
    return result.outcome == "complete"


def _now() -> datetime:
    return datetime.now(UTC)
