"""Audio of a session: its bytes, whole or in parts.

Owns the HTTP of it, caches and ranges included; must not know what speaks.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header
from starlette.responses import Response

from activities.store.audio import AudioFacts
from api.auth import Principal
from api.context import Asking, Context, Here
from api.description import NOT_FOUND, UNAVAILABLE, refusals
from api.entity_tags import IfNoneMatch, is_known
from api.errors import Problem
from api.ranges import content_range, requested_range
from workflows.contract.errors import ErrorCode
from workflows.contract.transcription import MEDIA_TYPES

router = APIRouter(prefix="/v1/sessions/{session_id}/audio/{audio_id}", tags=["audio"])

CACHING: Final = "private, no-cache"
"""Who heard it may keep it, and asks whether it is still there: audio goes with its session."""
_BINARY: Final = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES.values()
}
_HEADERS: Final = {
    name: {"schema": {"type": "string"}} for name in ("ETag", "Accept-Ranges", "Content-Length")
}
_PART: Final = {**_HEADERS, "Content-Range": {"schema": {"type": "string"}}}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "All of it", "content": _BINARY, "headers": _HEADERS},
    206: {"description": "The part that was asked for", "content": _BINARY, "headers": _PART},
    304: {"description": "It is what the client has"},
    **refusals(NOT_FOUND, HTTPStatus.GONE, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, UNAVAILABLE),
}


async def _session_id(session_id: str, asking: Asking, here: Here) -> str:
    """The session of the path. Raises Problem also: `audio_gone`, to whom the session belonged."""
    try:
        session = await here.access.session(asking, session_id)
    except Problem as problem:
        if problem.code is not ErrorCode.SESSION_NOT_FOUND:
            raise
        if await _had(here, asking, session_id):
            raise _gone() from problem
        raise
    found: str = session.fields["session_id"]
    return found


async def _had(here: Context, asking: Principal, session_id: str) -> bool:
    """Whether there was such a session for who asks; a token was given for one that there was."""
    if asking.session_id is not None:
        return asking.session_id == session_id
    return await here.retention.had(asking.tenant, session_id)


async def _facts(audio_id: str, here: Here, session_id: Annotated[str, Depends(_session_id)]) -> AudioFacts:
    facts = await here.audio.find(session_id, audio_id)
    return facts or await _none(here, session_id)


async def _none(here: Context, session_id: str) -> Any:
    if await here.retention.is_gone(session_id):
        raise _gone()
    raise Problem(ErrorCode.AUDIO_NOT_FOUND, "The session has no such audio.")


def _gone() -> Problem:
    return Problem(ErrorCode.AUDIO_GONE, "The session was deleted, and its audio with it.")


Session = Annotated[str, Depends(_session_id)]
Facts = Annotated[AudioFacts, Depends(_facts)]


@router.head("", include_in_schema=False)
async def describe(facts: Facts, if_none_match: IfNoneMatch = None) -> Response:
    """What `GET` would say of it."""
    if is_known(_etag(facts), if_none_match):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(facts))
    return _answer(facts, b"", {"Content-Length": str(facts.size)})


@router.get("", response_class=Response, responses=_RESPONSES)
async def listen(
    here: Here,
    session_id: Session,
    audio_id: str,
    facts: Facts,
    if_none_match: IfNoneMatch = None,
    if_range: Annotated[str | None, Header(alias="If-Range")] = None,
    wanted: Annotated[str | None, Header(alias="Range")] = None,
) -> Response:
    """The audio, which never changes while the session's data are kept; afterwards 410 `audio_gone`.

    One range of bytes at a time: `Range: bytes=0-1023`.
    """
    if is_known(_etag(facts), if_none_match):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(facts))
    part = requested_range(wanted, facts.size) if if_range in {None, _etag(facts)} else None
    content = await here.audio.get(session_id, audio_id) or await _none(here, session_id)
    if part is None:
        return _answer(facts, content)
    bounds = {"Content-Range": content_range(part, facts.size)}
    return _answer(facts, content[part.start : part.stop], bounds, HTTPStatus.PARTIAL_CONTENT)


def _answer(
    facts: AudioFacts,
    content: bytes,
    more: dict[str, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    headers = {**_headers(facts), "X-Content-Type-Options": "nosniff", **(more or {})}
    return Response(content, status, headers, _media_type(facts))


def _media_type(facts: AudioFacts) -> str:
    return next(kind for name, kind in MEDIA_TYPES.items() if name == facts.format)


def _headers(facts: AudioFacts) -> dict[str, str]:
    return {"ETag": _etag(facts), "Accept-Ranges": "bytes", "Cache-Control": CACHING}


def _etag(facts: AudioFacts) -> str:
    return f'"{facts.digest}"'
