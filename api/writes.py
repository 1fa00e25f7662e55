"""A write's way to a session: the signal, and the cursor after which its effects appear.

Owns the order of reading the cursor, signalling, and stopping what runs; and the answer to a write that comes
while a session is ending, which is never both taken and lost. Must not know what a command means.
"""

import asyncio
from secrets import token_hex
from time import monotonic
from typing import Final

from activities.store.cursor import BEGINNING, Cursor
from activities.store.projection import ProjectedSession
from api.context import Context
from api.errors import Problem
from workflows.contract.commands import Command, SendMessage, signal_payload
from workflows.contract.errors import ErrorCode

PATIENCE_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.02


async def send(here: Context, session: ProjectedSession, command: Command) -> Cursor:
    """Hand `command` to the session. Raises Problem: `session_closed`, `engine_unavailable`."""
    named = command if isinstance(command, SendMessage) else _named(command)
    write_id = named.message_id if isinstance(named, SendMessage) else named.write_id
    session_id = session.fields["session_id"]
    last = await here.reader.last(session_id)
    place = last.cursor if last else BEGINNING
    await here.engine.signal(session_id, named.kind, signal_payload(named))
    cursor = Cursor(place.epoch, place.n, write_id)
    await _unless_too_late(here, session_id, cursor)
    return cursor


def _named(command: Command) -> Command:
    return command.model_copy(update={"write_id": f"w-{token_hex(8)}"})


async def _unless_too_late(here: Context, session_id: str, cursor: Cursor) -> None:
    """While a session is ending, an answer waits until the command was seen or the end is known."""
    session = await here.projection.session(session_id)
    if session is None or not session.closing:
        return
    if not await effective(here, session_id, cursor):
        raise Problem(ErrorCode.SESSION_CLOSED, "The session is over; start a new one.")


async def effective(here: Context, session_id: str, cursor: Cursor) -> bool:
    """Wait until the write that answered `cursor` has taken effect; False when it has not in time."""
    if cursor.write_id is None:
        return True
    until = monotonic() + PATIENCE_SECONDS
    while not await here.projection.has_written(session_id, cursor.write_id):
        session = await here.projection.session(session_id)
        if monotonic() > until or (session is not None and session.closed):
            return await here.projection.has_written(session_id, cursor.write_id)
        await asyncio.sleep(LOOK_SECONDS)
    return True


async def stop_running_turn(here: Context, session: ProjectedSession) -> None:
    """Let no more of the running turn reach viewers: faster than the signal, which makes it durable."""
    turn = session.fields["turn"]
    if turn is not None:
        await here.log.request_stop(session.fields["session_id"], turn["number"])
