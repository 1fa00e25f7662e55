"""Messages: send, withdraw, read.

Owns the HTTP of it; must not know how any of it is done.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, Query
from pydantic import ValidationError

from api import writes
from api.answers import MessagePage, MessageTaken, Taken
from api.context import Here, OneSession, open_session
from api.cursors import AfterWrite, ListCursor, PageLimit
from api.description import CONFLICT, NOT_FOUND, TOO_LARGE, UNAVAILABLE, UNPROCESSABLE, refusals
from api.errors import Problem
from api.json_body import StrictRoute
from api.last_message import last_message
from api.requests import NewMessage
from api.transcript import Wanted, transcript_page
from api.writes import behind, effective, fresh_write_id, interrupt
from workflows.contract.commands import WithdrawMessage
from workflows.contract.errors import ErrorCode
from workflows.contract.session import Delivery, TranscriptMessage

WaitSeconds = Annotated[float, Query(ge=0, le=60, description="Seconds to wait for it")]

router = APIRouter(
    prefix="/v1/sessions/{session_id}/messages",
    tags=["messages"],
    route_class=StrictRoute,
    responses=refusals(NOT_FOUND, UNAVAILABLE),
)


@router.post("", status_code=202, responses=refusals(CONFLICT, TOO_LARGE, UNPROCESSABLE))
async def say(
    here: Here, session: OneSession, message: NewMessage, afterwards: BackgroundTasks
) -> MessageTaken:
    """Send a message; 202 once the engine has durably taken it."""
    command, cursor = await writes.say(here, session, message)
    if command.delivery is Delivery.INTERRUPT:
        afterwards.add_task(interrupt, here, session, command.message_id, cursor)
    return MessageTaken(message_id=command.message_id, cursor=str(cursor))


@router.delete("/{message_id}", status_code=202, responses=refusals(CONFLICT))
async def withdraw(here: Here, session: OneSession, message_id: str) -> Taken:
    """Withdraw a message that still waits."""
    session_id = open_session(session).fields["session_id"]
    command = _withdrawal(message_id)
    await here.engine.withdraw(session_id, command)
    return Taken(cursor=str(behind(session.end, command)))


def _withdrawal(message_id: str) -> WithdrawMessage:
    try:
        return WithdrawMessage(message_id=message_id, **fresh_write_id())
    except ValidationError as error:
        raise Problem(ErrorCode.MESSAGE_NOT_FOUND, "No message of this id waits.") from error


@router.get("", response_model=MessagePage, responses=refusals(UNPROCESSABLE))
async def transcript(
    here: Here,
    session: OneSession,
    agent: str | None = None,
    order: Literal["asc", "desc"] = "asc",
    limit: PageLimit = 50,
    cursor: ListCursor = None,
    after: AfterWrite = None,
) -> dict[str, Any]:
    """The conversation as it was used and said; messages that wait are in the session's queue."""
    session_id = session.fields["session_id"]
    if after is not None:
        await effective(here, session_id, after)
    wanted = Wanted(agent, _place(cursor), limit, descending=order == "desc")
    items, next_cursor = await transcript_page(here.projection, session_id, wanted)
    return {"items": items, "next_cursor": next_cursor}


@router.get("/last", response_model=TranscriptMessage, responses=refusals(UNPROCESSABLE))
async def last(
    here: Here, session: OneSession, after: AfterWrite = None, wait: WaitSeconds = 30
) -> dict[str, Any]:
    """The assistant's last message, once the turn that the write which answered `after` started is over.

    A message that waits in the queue counts until its turn is over; without `after`, any running turn is
    waited for. A turn that is not over within `wait` seconds is a 503 `not_settled`: send the same request
    again. 404 `message_not_found` when the assistant has said nothing yet.
    """
    found = await last_message(here, session.fields["session_id"], after, wait)
    return found.model_dump(mode="json")


def _place(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal()):
        raise Problem(
            ErrorCode.INVALID_REQUEST, "This is no cursor of a transcript; begin without one.", field="cursor"
        )
    return int(cursor)
