"""What every route works with, and who asks.

Owns the process's shared parts; must not do anything with them. Dependencies are coroutines even where they
wait for nothing: the others are run in threads, which costs more than all of them do.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from activities.store.audio import AudioStore
from activities.store.event_log import EventLog
from activities.store.life import StoreLife
from activities.store.log_reader import LogReader
from activities.store.projection import ProjectedSession, Projection
from activities.store.retention import Retention
from activities.store.spoken import Spoken
from activities.store.tenant_channel import TenantChannel
from api.access import Access
from api.auth import Credentials, Principal, authorization_of
from api.console_files import ConsoleFiles
from api.engine import Engine
from api.errors import Problem, session_closed
from api.hub import Hub
from api.listing import SessionPages
from api.options import ApiOptions
from api.playback_reports import PlaybackReports
from api.restoring import Restoring
from api.tenant_feed import TenantFeed
from api.uploads import Uploads
from workflows.contract.errors import ErrorCode


@dataclass(frozen=True)
class Context:
    """One API process."""

    options: ApiOptions
    credentials: Credentials
    engine: Engine
    log: EventLog
    reader: LogReader
    projection: Projection
    pages: SessionPages
    life: StoreLife
    retention: Retention
    restoring: Restoring
    access: Access
    hub: Hub
    channel: TenantChannel
    tenants: TenantFeed
    audio: AudioStore
    uploads: Uploads
    spoken: Spoken
    players: PlaybackReports
    console: ConsoleFiles


async def _context(connection: HTTPConnection) -> Context:
    context: Context = connection.app.state.context
    return context


Here = Annotated[Context, Depends(_context)]


async def _principal(connection: HTTPConnection, here: Here) -> Principal:
    return here.credentials.principal(authorization_of(connection))


Asking = Annotated[Principal, Depends(_principal)]


async def _tenant(asking: Asking) -> str:
    if asking.session_id is not None:
        raise Problem(ErrorCode.UNAUTHORIZED, "This needs an API key; a session token is for one session.")
    return asking.tenant


Tenant = Annotated[str, Depends(_tenant)]


async def one_session(session_id: str, asking: Asking, here: Here) -> ProjectedSession:
    """The session of the path."""
    return await here.access.session(asking, session_id)


OneSession = Annotated[ProjectedSession, Depends(one_session)]


def open_session(session: ProjectedSession) -> ProjectedSession:
    """`session`, which must not be over. Raises Problem: `session_closed`."""
    if session.closed:
        raise session_closed()
    return session
