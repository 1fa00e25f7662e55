"""Attempts of a model step, as `call_model` begins them, without a model.

Owns taking over; what an attempt then says is the test's.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from activities.answer import Answer
from activities.lines import Lines, WritingEndedError
from activities.store.cursor import BEGINNING
from activities.store.event_log import EventLog, Outcome, Position, Writer
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from tests.store.telling import Telling
from tests.store.viewer import EVERYTHING, Viewer
from workflows.contract.model_call import StepResult
from workflows.contract.publication import Publication

MESSAGE_ID: Final = "a-1"
COMPLETE: Final = StepResult(outcome="complete", text="")
STOPPED: Final = StepResult(outcome="stopped", text="")


async def nowhere(_: Writer) -> tuple[Writer, int]:
    """No workflow begins a new epoch."""
    raise WritingEndedError(Outcome.LOST)


@dataclass(frozen=True)
class Attempt:
    """One attempt of the step of turn 1."""

    writer: Writer
    position: Position
    answer: Answer


@dataclass
class Stage:
    """Where attempts meet: a session whose turn 1 has started."""

    log: EventLog
    reader: LogReader
    projection: Projection
    session_id: str
    fence: int = 0

    @property
    def publication(self) -> Publication:
        telling = Telling(self.session_id).tell("session.started", session={"status": "idle"})
        return telling.tell("turn.started", turn=1, message_ids=[]).publication()

    @property
    def next_writer(self) -> Writer:
        self.fence += 1
        return Writer(self.session_id, epoch=1, name="1.1", fence=self.fence, turn=1)

    async def take_over(self) -> tuple[Writer, Position]:
        """The next attempt, before it has read anything."""
        writer = self.next_writer
        position = await self.log.begin(writer, self.publication)
        assert not isinstance(position, Outcome)
        return writer, position

    async def begin(self) -> Attempt:
        """The next attempt, ready to write."""
        writer, position = await self.take_over()
        shown = await self.reader.shown(self.session_id, 1, position.first, MESSAGE_ID)
        return Attempt(
            writer, position, Answer(Lines(self.log, writer, position, shown), MESSAGE_ID, nowhere)
        )

    async def said(self) -> list[tuple[int, str]]:
        """Offset and text of every delta in the log."""
        entries = await self.reader.after(self.session_id, BEGINNING, EVERYTHING)
        deltas = [from_json(entry.event) for entry in entries if entry.kind == "message.delta"]
        return [(delta["offset"], delta["text"]) for delta in deltas]

    async def kinds(self) -> list[str]:
        """The types of the events behind `turn.started`."""
        entries = await self.reader.after(self.session_id, BEGINNING, EVERYTHING)
        return [entry.kind for entry in entries[2:]]

    async def held(self) -> tuple[str, str]:
        """Text and status of the message, as a strict viewer holds it."""
        viewer = Viewer(self.reader, self.projection, self.session_id)
        await viewer.read()
        message = viewer.held.messages[MESSAGE_ID]
        return message.text, message.status


async def write(attempt: Attempt, *texts: str) -> None:
    """Say and write each of `texts`."""
    for text in texts:
        attempt.answer.heard(text, (attempt.answer.cursor or 0) + 1)
        await attempt.answer.write()


@asynccontextmanager
async def writing(attempt: Attempt) -> AsyncIterator[asyncio.Task[None]]:
    """Write side by side with the test."""
    task = asyncio.create_task(attempt.answer.keep_writing())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, WritingEndedError):
            await task
