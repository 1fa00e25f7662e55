"""One assistant message on its way into the log.

Owns what was heard of it, its words and the pace of writing: the first delta at once, the rest in short
batches. What is shown and what is remembered (provider's cursor, response) go in one write. Must not know the
provider's protocol.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from activities import metrics
from activities.lines import Lines, WritingEndedError
from activities.store.event_log import Outcome, Writer
from workflows.contract.events import MessageCompleted, MessageDelta, TurnSuperseded
from workflows.contract.model_call import StepResult
from workflows.contract.publication import Publication

BATCH_SECONDS: Final = 0.015

NextEpoch = Callable[[Writer], Awaitable[tuple[Writer, int]]]
"""Where a writer goes on whose log is lost, and its next index there. Raises WritingEndedError."""

TurnEndWith = Callable[[StepResult], Publication | None]
"""What is said of the turn's end with a complete result."""


class Answer:
    """The message that one attempt of a step writes."""

    def __init__(self, lines: Lines, message_id: str, next_epoch: NextEpoch) -> None:
        self._turn = lines.writer.turn
        self._message_id = message_id
        self._next_epoch = next_epoch
        self._lines = lines
        self._heard: list[str] = []
        self._heard_something = asyncio.Event()
        self._writing = asyncio.Lock()
        self._ended = False
        self._stopped = False
        """Whether a write was told to stop: what it would have shown is a hole in what follows."""
        self._joined: int | None = None
        """The epoch in which it is told, when that is not the one that it began in."""
        self._final: StepResult | None = None
        self._turn_end: Publication | None = None
        self.response_id, self.cursor = lines.remembered
        """The provider's last event that was heard."""

    @property
    def shown(self) -> str:
        """The text that viewers hold, or will when a write that is under way succeeds."""
        return self._lines.text

    @property
    def length(self) -> int:
        """Code points of it."""
        return self._lines.length

    @property
    def deltas(self) -> Sequence[str]:
        """It, as it is told."""
        return self._lines.deltas

    def opened(self, response_id: str, cursor: int) -> None:
        """Remember, with the next write, that the provider has begun."""
        if self.response_id not in {None, response_id}:
            metrics.orphaned("superseded")
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
            await self._flush()
            return said

    async def supersede(self) -> None:
        """Take back what was shown, and forget the response that said it."""
        async with self._writing:
            if self._ended:
                return
            self._forget("superseded")
            if self.length:
                self._lines.offer(self._superseded(), None)
            await self._flush()

    async def forget_response(self) -> None:
        """Remember that there is nothing to resume; what was shown stays until it is superseded."""
        async with self._writing:
            if self._ended:
                return
            self._forget("forgotten")
            await self._flush()

    async def finish(self, result: StepResult, turn_end: TurnEndWith | None = None) -> StepResult:
        """Say the message's last word and store `result` with its text, which is returned.

        A complete message shows all that was heard, a broken one no more than viewers may already hold. Once
        said, the last word stands. With it goes `turn_end`, if the log takes that. Raises WritingEndedError.
        """
        self._ended = True
        async with self._writing:
            if self._stopped and _is_complete(result):
                raise WritingEndedError(Outcome.STOPPED)
            if self._final is None:
                self._final = await self._say_last_word(result)
                self._turn_end = turn_end and turn_end(self._final)
            try:
                turn_ended = await self._flush()
            except WritingEndedError as error:
                if error.outcome is Outcome.STOPPED:
                    self._final = self._turn_end = None
                raise
            return self._final.with_turn_ended(turn_ended)

    async def _say_last_word(self, result: StepResult) -> StepResult:
        if _is_complete(result):
            self._say_what_was_heard()
        elif not self._lines.all_known:
            await self._find_out_what_is_shown()
        final = result.model_copy(update={"text": self.shown, "epoch": self._joined, **self._figures()})
        self._offer_last_word(final)
        return final

    def _figures(self) -> dict[str, Any]:
        """What else is said of the message when it is over."""
        return {}

    def _offer_last_word(self, final: StepResult) -> None:
        if final.text or _is_complete(final):
            self._lines.offer(self._completed(final))

    async def _find_out_what_is_shown(self) -> None:
        """A write was cut short; what of it came too late for a stop stays unsaid."""
        try:
            await self._flush()
        except WritingEndedError as error:
            if error.outcome is not Outcome.STOPPED:
                raise

    async def _flush(self) -> bool:
        """Bring every line into the log: of a new epoch, when the store has lost this one."""
        while True:
            final = self._final
            done = None if final is None else final.model_dump_json().encode()
            stoppable = final is None or _is_complete(final)
            try:
                return await self._lines.flush(done, stoppable=stoppable, turn_end=self._turn_end)
            except WritingEndedError as error:
                self._stopped = error.outcome is Outcome.STOPPED
                if error.outcome is not Outcome.LOST:
                    raise
                await self._begin_anew()

    async def _begin_anew(self) -> None:
        """Viewers of a new epoch hold nothing of this message: they get all of it at once."""
        lost = self._lines
        writer, index = await self._next_epoch(lost.writer)
        self._lines = lost.elsewhere(writer, index)
        if index:
            # An attempt that is fenced by now was here before.
            self._lines.offer(self._superseded(), None)
        self._retell(lost.deltas)
        # What the workflow knew of the end was of the epoch that is lost.
        self._turn_end = None
        self._joined = writer.epoch
        if self._final is not None:
            self._final = self._final.model_copy(update={"epoch": writer.epoch})
            self._offer_last_word(self._final)

    def _say_what_was_heard(self) -> bool:
        text = "".join(self._heard)
        self._heard.clear()
        if text:
            self._lines.offer(self._delta(text), text)
        self._remember()
        return bool(text)

    def _remember(self) -> None:
        """With the next write: where in the provider's stream the answer stands."""
        self._lines.remember(self.response_id, self.cursor)

    def _retell(self, deltas: Sequence[str]) -> None:
        """Say what an earlier log held."""
        text = "".join(deltas)
        if text:
            self._lines.offer(self._delta(text), text)

    def _forget(self, why: metrics.Orphaned) -> None:
        if self.response_id is not None:
            metrics.orphaned(why)
        self.response_id = self.cursor = None
        self._forget_unsaid()
        self._remember()

    def _forget_unsaid(self) -> None:
        self._heard.clear()

    def _delta(self, text: str) -> MessageDelta:
        return MessageDelta(
            at=_now(), turn=self._turn, message_id=self._message_id, offset=self.length, text=text
        )

    def _superseded(self) -> TurnSuperseded:
        return TurnSuperseded(at=_now(), turn=self._turn, message_id=self._message_id)

    def _completed(self, final: StepResult) -> MessageCompleted:
        return MessageCompleted(
            at=_now(), turn=self._turn, message_id=self._message_id, text=final.text, status=final.outcome
        )


def _is_complete(result: StepResult) -> bool:
    return result.outcome == "complete"


def _now() -> datetime:
    return datetime.now(UTC)
