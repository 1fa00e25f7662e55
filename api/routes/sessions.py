"""Sessions: start, list, read, change, pause, resume, stop, close, hand to others.

Owns the HTTP of it; must not know how any of it is done.
"""

from datetime import UTC, datetime
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Response
from pydantic import StringConstraints

from activities.store.cursor import BEGINNING, Cursor
from api import writes
from api.answers import SessionAnswer, SessionPage, SessionToken, StartedSession, Taken
from api.auth import Principal
from api.context import Asking, Context, Here, OneSession, Tenant, open_session
from api.cursors import AfterWrite, ListCursor, PageLimit
from api.description import CONFLICT, NOT_FOUND, TOO_LARGE, UNAVAILABLE, UNPROCESSABLE, refusals
from api.errors import Problem
from api.json_body import StrictRoute
from api.listing import Wanted
from api.requests import NewSession, SessionChanges
from api.starting import Started, start_session
from api.writes import (
    behind,
    effective,
    fresh_write_id,
    send,
    send_unless_over,
    stop_running_turn,
)
from workflows.contract.base import rfc3339
from workflows.contract.commands import Close, Pause, Resume, UpdateSession
from workflows.contract.errors import ErrorCode
from workflows.contract.session import Status

router = APIRouter(
    prefix="/v1/sessions",
    tags=["sessions"],
    route_class=StrictRoute,
    responses=refusals(UNAVAILABLE),
)

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255)] | None, Header(alias="Idempotency-Key")
]

MaybeNewSession = Annotated[NewSession | None, Body()]


@router.post(
    "",
    status_code=201,
    response_model=StartedSession,
    responses={
        200: {"model": StartedSession, "description": "The session that this Idempotency-Key started before"},
        **refusals(CONFLICT, TOO_LARGE, UNPROCESSABLE),
    },
)
async def start(
    here: Here, tenant: Tenant, answer: Response, wanted: MaybeNewSession = None, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Start a session."""
    started = await start_session(here, tenant, wanted or NewSession(), key)
    if not started.is_new:
        answer.status_code = 200
    session_id = started.start.session_id
    answer.headers["Location"] = f"/v1/sessions/{session_id}"
    fields = await _born(here, tenant, started)
    return fields | {
        "session_token": here.credentials.session_token(tenant, session_id),
        "temporal_ui": f"{here.options.temporal_ui}/{here.engine.page_of(session_id)}",
    }


async def _born(here: Context, tenant: str, started: Started) -> dict[str, Any]:
    first = started.start.first_message
    cursor = Cursor(BEGINNING.epoch, BEGINNING.n, first.message_id if first else None)
    session = await here.access.session(Principal(tenant), started.start.session_id)
    return {**session.fields, "cursor": str(cursor)}


@router.get("", response_model=SessionPage, responses=refusals(UNPROCESSABLE))
async def listing(
    here: Here,
    tenant: Tenant,
    status: Annotated[str | None, Query(description="Statuses, separated by commas")] = None,
    profile: str | None = None,
    user_id: str | None = None,
    q: Annotated[str | None, Query(description="How key, id or title begin")] = None,
    limit: PageLimit = 50,
    cursor: ListCursor = None,
) -> dict[str, Any]:
    """List sessions, newest activity first."""
    wanted = Wanted(_statuses(status), profile, user_id, q)
    sessions, next_cursor = await here.pages.page(tenant, wanted, cursor, limit)
    return {"items": [session.fields for session in sessions], "next_cursor": next_cursor}


def _statuses(given: str | None) -> frozenset[str] | None:
    if given is None:
        return None
    asked = frozenset(given.split(","))
    unknown = asked - set(Status)
    if unknown:
        raise Problem(ErrorCode.INVALID_REQUEST, f"The statuses are: {', '.join(Status)}.", field="status")
    return asked


@router.get("/{session_id}", response_model=SessionAnswer, responses=refusals(NOT_FOUND, UNPROCESSABLE))
async def read(here: Here, asking: Asking, session: OneSession, after: AfterWrite = None) -> dict[str, Any]:
    """The session as it is now, or once the write that answered `after` has taken effect."""
    if after is None:
        return session.fields
    session_id = session.fields["session_id"]
    await effective(here, session_id, after)
    return (await here.access.session(asking, session_id)).fields


@router.patch(
    "/{session_id}",
    response_model=SessionAnswer,
    responses=refusals(NOT_FOUND, CONFLICT, TOO_LARGE, UNPROCESSABLE),
)
async def change(here: Here, session: OneSession, changes: SessionChanges) -> dict[str, Any]:
    """Change title, metadata, limits or settings."""
    session_id = open_session(session).fields["session_id"]
    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    command = UpdateSession(**given, **fresh_write_id())
    fields = await here.engine.update(session_id, command)
    return {**fields, "cursor": str(behind(session.end, command))}


@router.delete("/{session_id}", status_code=202, responses=refusals(NOT_FOUND))
async def close(
    here: Here,
    session: OneSession,
    purge: Annotated[bool, Query(description="Delete its log, transcript and audio, too")] = False,
) -> Taken:
    """Close the session; a running turn is stopped and what it said is kept, unless it is purged."""
    cursor = await send_unless_over(here, session, Close())
    await stop_running_turn(here, session)
    if purge:
        await here.retention.want_gone(session.fields["session_id"], time() * 1000)
    return Taken(cursor=str(cursor))


@router.post("/{session_id}/pause", status_code=202, responses=refusals(NOT_FOUND, CONFLICT))
async def pause(here: Here, session: OneSession) -> Taken:
    """Let the running turn finish, start no other, and count no time."""
    return Taken(cursor=str(await send(here, open_session(session), Pause())))


@router.post("/{session_id}/resume", status_code=202, responses=refusals(NOT_FOUND, CONFLICT))
async def resume(here: Here, session: OneSession) -> Taken:
    """Go on after a pause."""
    return Taken(cursor=str(await send(here, open_session(session), Resume())))


@router.post("/{session_id}/stop", status_code=202, responses=refusals(NOT_FOUND))
async def stop(here: Here, session: OneSession) -> Taken:
    """Stop the running turn; what it said is kept."""
    return Taken(cursor=str(await writes.stop(here, session)))


@router.post("/{session_id}/open", status_code=202, responses=refusals(NOT_FOUND, CONFLICT))
async def ask_to_open(here: Here, session: OneSession) -> Taken:
    """Ask the clients that follow the tenant's events to open this session: they get `session.open`."""
    fields = open_session(session).fields
    event = {
        "type": "session.open",
        "session_id": fields["session_id"],
        "at": rfc3339(datetime.now(UTC)),
        "session": fields,
        "user_id": fields["user_id"],
    }
    await here.channel.tell(session.tenant, event)
    return Taken(cursor=str(session.end))


@router.post("/{session_id}/token", status_code=201, responses=refusals(NOT_FOUND))
async def another_token(here: Here, tenant: Tenant, session: OneSession) -> SessionToken:
    """Another token for this one session; needs an API key."""
    token = here.credentials.session_token(tenant, session.fields["session_id"])
    return SessionToken(session_token=token)
