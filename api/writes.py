"""A write's way to a session: the signal, and the cursor after which its effects appear.

Owns the order of reading the cursor, signalling, and stopping what runs; and the answer to a write that comes
while a session is ending, which is never both taken and lost. Must not know what a command means.
"""

import asyncio
from contextlib import suppress
from secrets import token_hex
from time import monotonic
from typing import Final

from activities.store.client import StoreUnavailableError
from activities.store.cursor import Cursor
from activities.store.projection import ProjectedSession
from api import metrics
from api.context import Context, open_session
from api.errors import Problem, session_closed
from api.requests import NewMessage
from api.starting import ID_BYTES, command_of
from workflows.contract.commands import Command, SendMessage, SendRecording, StopTurn, signal_payload
from workflows.contract.errors import ErrorCode

WRITE_PREFIX: Final = "w-"
PATIENCE_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.02


async def send(here: Context, session: ProjectedSession, command: Command) -> Cursor:
    """Hand `command` to the session. Raises Problem: `session_closed`, `engine_unavailable`."""
    named = (
        command
        if isinstance(command, SendMessage | SendRecording)
        else command.model_copy(update=fresh_write_id())
    )
    session_id = session.fields["session_id"]
    with metrics.refusals_counted():
        await here.engine.signal(session_id, named.kind, signal_payload(named))
        cursor = behind(session.end, named)
        await _unless_too_late(here, session_id, cursor)
    return cursor


async def say(here: Context, session: ProjectedSession, message: NewMessage) -> tuple[SendMessage, Cursor]:
    """Send `message`: the command that it became, which may still have to `interrupt`."""
    command = command_of(message, f"m-{token_hex(ID_BYTES)}")
    return command, await send(here, open_session(session), command)


async def stop(here: Context, session: ProjectedSession) -> Cursor:
    """Stop the turn that the client sees, so that a stop that comes late does not hit the next one."""
    turn = session.fields["turn"]
    command = StopTurn(turn=turn["number"]) if turn else StopTurn()
    cursor, _ = await asyncio.gather(
        send_unless_over(here, session, command), stop_running_turn(here, session)
    )
    return cursor


async def send_unless_over(here: Context, session: ProjectedSession, command: Command) -> Cursor:
    """As `send`, for a command that asks for what the end of a session brings anyway."""
    if session.closed:
        return session.cursor
    try:
        return await send(here, session, command)
    except Problem as problem:
        if problem.code is not ErrorCode.SESSION_CLOSED:
            raise
        return session.cursor


def fresh_write_id() -> dict[str, str]:
    """The field that names a command."""
    return {"write_id": f"{WRITE_PREFIX}{token_hex(8)}"}


def behind(before: Cursor, command: Command) -> Cursor:
    """The cursor that answers `command`, which was sent when the log ended at `before`."""
    write_id = command.message_id if isinstance(command, SendMessage | SendRecording) else command.write_id
    return Cursor(before.epoch, before.n, write_id)


async def _unless_too_late(here: Context, session_id: str, cursor: Cursor) -> None:
    """While a session is ending, an answer waits until the command was seen or the end is known."""
    if not await here.projection.is_closing(session_id):
        return
    if not await effective(here, session_id, cursor):
        raise session_closed()


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


async def interrupt(here: Context, session: ProjectedSession, message_id: str, cursor: Cursor) -> None:
    """Stop the running turn fast, if the session took the message and it waits for just that.

    One that was refused, or used already when it was sent again, stops nothing.
    """
    with suppress(StoreUnavailableError):
        await effective(here, session.fields["session_id"], cursor)
        now = await here.projection.session(session.fields["session_id"])
        if now and message_id in {waiting["message_id"] for waiting in now.fields["queue"]}:
            await stop_running_turn(here, session)


async def stop_running_turn(here: Context, session: ProjectedSession) -> None:
    """Let no more of the running turn reach viewers: faster than the signal, which makes it durable."""
    turn = session.fields["turn"]
    if turn is not None:
        await here.log.request_stop(session.fields["session_id"], turn["number"])
