"""What happens in all sessions of a tenant, as server-sent events.

Owns the HTTP of it; who is told what is `tenant_feed`'s.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic_core import from_json
from starlette.responses import StreamingResponse

from api import sse
from api.context import Here, Tenant
from api.description import UNAVAILABLE, refusals
from api.tenant_feed import Listener

router = APIRouter(prefix="/v1/events", tags=["events"])


async def _listener(here: Here, tenant: Tenant) -> AsyncIterator[Listener]:
    """Before the answer begins, so that who has got it misses nothing."""
    async with here.tenants.listen(tenant) as listener:
        yield listener


@router.get(
    "",
    response_class=StreamingResponse,
    responses={
        200: {"content": {sse.MEDIA_TYPE: {"schema": {"type": "string"}}}},
        **refusals(UNAVAILABLE),
    },
)
async def happenings(listener: Annotated[Listener, Depends(_listener)]) -> StreamingResponse:
    """What happens in all sessions of the tenant from now on; needs an API key.

    `session.started`, `session.updated`, `session.status_changed`, `session.ended`, and `session.open`, which
    asks a user's clients to open a session. Nothing is replayed and events have no `id`: list the sessions
    after connecting, and again after every reconnect. The stream ends when the client lags too far behind.
    """
    return StreamingResponse(_frames(listener), headers=sse.HEADERS, media_type=sse.MEDIA_TYPE)


async def _frames(listener: Listener) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(sse.HEARTBEAT_SECONDS):
                told = await listener.next()
        except TimeoutError:
            yield sse.HEARTBEAT
            continue
        if not told:
            return
        yield _joined(told)


def _joined(told: Sequence[bytes]) -> bytes:
    return b"".join(sse.passing_frame(from_json(event)["type"], event) for event in told)
