"""The events of a session: a live stream, or a page of them.

Owns the HTTP of it; what a viewer gets is `event_stream`'s.
"""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from pydantic_core import from_json
from starlette.responses import JSONResponse, Response, StreamingResponse

from activities.store.cursor import Cursor
from api import metrics, sse
from api.answers import EventPage
from api.context import Context, Here, OneSession
from api.cursors import After, PageLimit, parse_cursor, starting_place
from api.description import NOT_FOUND, UNAVAILABLE, UNPROCESSABLE, refusals
from api.event_stream import EventStream
from api.hub import FeedClosedError

router = APIRouter(prefix="/v1/sessions/{session_id}/events", tags=["events"])

JSON: Final = "application/json"

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID")]


@router.get(
    "",
    response_model=EventPage,
    responses={
        200: {"content": {sse.MEDIA_TYPE: {"schema": {"type": "string"}}}},
        **refusals(NOT_FOUND, UNPROCESSABLE, UNAVAILABLE),
    },
)
async def events(
    here: Here,
    session: OneSession,
    request: Request,
    after: After = None,
    last_event_id: LastEventId = None,
    limit: PageLimit = 50,
) -> Any:
    """Everything that happened in the session, and what happens from now on."""
    session_id = session.fields["session_id"]
    stream = EventStream(session_id, _place(after, last_event_id), here.reader, here.projection)
    await stream.open()
    if _wants_page(request):
        return await _page(stream, limit)
    frames = _frames(here, session_id, stream)
    return StreamingResponse(frames, headers=sse.HEADERS, media_type=sse.MEDIA_TYPE)


def _place(after: str | None, last_event_id: str | None) -> Cursor | None:
    """Where to start; None is the live end."""
    if last_event_id:
        return parse_cursor(last_event_id, "Last-Event-ID")
    return starting_place(after)


def _wants_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return JSON in accepted and sse.MEDIA_TYPE not in accepted


async def _page(stream: EventStream, limit: int) -> Response:
    seen = await stream.page(limit)
    page = [from_json(sse.data(one)) | {"cursor": str(one.event.cursor)} for one in seen]
    return JSONResponse({"events": page, "cursor": str(stream.cursor)})


async def _frames(here: Context, session_id: str, stream: EventStream) -> AsyncIterator[bytes]:
    """The stream as bytes, with a comment whenever there was nothing to say for a while."""
    async with here.hub.watch(session_id) as feed:
        with metrics.viewing("sse"):
            said_at = monotonic()
            while not stream.over:
                try:
                    seen = await stream.next_despite_outages(feed)
                except FeedClosedError:
                    return
                if seen:
                    for chunk in sse.chunks(seen):
                        yield chunk
                    metrics.sent("sse", len(seen))
                    said_at = monotonic()
                elif monotonic() >= said_at + sse.HEARTBEAT_SECONDS:
                    yield sse.HEARTBEAT
                    said_at = monotonic()
