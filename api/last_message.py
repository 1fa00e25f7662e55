"""The last thing that the assistant said, once it has been said.

Owns when that is: the turn that a write started is over. Nothing is asked of the engine meanwhile; the
session's feed says when to look again. Must not know HTTP beyond `Problem`.
"""

import asyncio
from typing import Any, Final

from activities.store.cursor import Cursor
from activities.store.projection import Projection
from api.context import Context
from api.errors import Problem
from api.event_stream import EventStream
from api.hub import FeedClosedError
from api.transcript import newest
from api.writes import WRITE_PREFIX, effective
from workflows.contract.errors import ErrorCode
from workflows.contract.session import TranscriptMessage

_SETTLES_NOTHING: Final = frozenset({"message.delta", "sentence"})


async def last_message(
    here: Context, session_id: str, after: Cursor | None, wait: float
) -> TranscriptMessage:
    """The assistant's last message. Raises Problem: `not_settled`, `message_not_found`."""
    turn = AwaitedTurn(here.projection, session_id, after.write_id if after else None)
    if not await turn.is_over():
        try:
            async with asyncio.timeout(wait):
                await _until_over(here, session_id, turn, after)
        except (TimeoutError, FeedClosedError) as error:
            raise Problem(
                ErrorCode.NOT_SETTLED,
                "The turn is not over yet. Send the same request again.",
                headers={"Retry-After": "1"},
            ) from error
    found = await newest(here.projection, session_id, lambda message: message.role == "assistant")
    if found is None:
        raise Problem(ErrorCode.MESSAGE_NOT_FOUND, "The assistant has said nothing in this session.")
    return found


async def _until_over(here: Context, session_id: str, turn: "AwaitedTurn", after: Cursor | None) -> None:
    stream = EventStream(session_id, None, here.reader, here.projection)
    await stream.open()
    if after is not None:
        # Not every write is followed by an event that says so.
        await effective(here, session_id, after)
    async with here.hub.watch(session_id) as feed:
        while not await turn.is_over():
            while all(seen.event.kind in _SETTLES_NOTHING for seen in await stream.next(feed)):
                pass


class AwaitedTurn:
    """The turn that a write started; without a write, the one that runs at the first look."""

    def __init__(self, projection: Projection, session_id: str, write_id: str | None) -> None:
        self._projection = projection
        self._session_id = session_id
        self._write_id = write_id
        self._number: int | None = None

    async def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        # In this order: what has taken effect is in the session that is read afterwards.
        effective = await self._is_effective()
        session = await self._projection.session(self._session_id)
        if session is None:
            # The store has lost it; the workflow will tell it again.
            return False
        if session.closed:
            return True
        if not effective or (self._number is None and self._waits(session.fields)):
            return False
        running = session.fields["turn"] and session.fields["turn"]["number"]
        if self._number is None:
            self._number = await self._find(running)
        return self._number is None or self._number != running

    async def _is_effective(self) -> bool:
        if self._write_id is None or self._number is not None:
            return True
        return await self._projection.has_written(self._session_id, self._write_id)

    def _waits(self, fields: dict[str, Any]) -> bool:
        """Whether the turn is still to come."""
        return self._write_id in {message["message_id"] for message in fields["queue"]}

    async def _find(self, running: int | None) -> int | None:
        """Its number; None when there is none, because the message was withdrawn or rejected."""
        if self._write_id is None:
            return running
        message = await newest(
            self._projection, self._session_id, lambda message: message.message_id == self._write_id
        )
        if message is not None:
            return message.turn
        return running if self._write_id.startswith(WRITE_PREFIX) else None
