"""Recordings: what people say into a microphone becomes a message.

Owns the HTTP of it; must not know what a recording may be, nor who transcribes it.
"""

from http import HTTPStatus
from secrets import token_hex
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request

from api import writes
from api.answers import MessageTaken
from api.context import Context, Here, OneSession, open_session
from api.description import CONFLICT, NOT_FOUND, TOO_LARGE, UNAVAILABLE, UNPROCESSABLE, refusals
from api.errors import Problem
from api.recordings.recording import declared_format
from api.starting import ID_BYTES
from workflows.contract.base import ClientMessageId, Name
from workflows.contract.commands import SendRecording
from workflows.contract.errors import ErrorCode
from workflows.contract.session import Delivery
from workflows.contract.transcription import MEDIA_TYPES

router = APIRouter(prefix="/v1/sessions/{session_id}/audio", tags=["audio"])

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in MEDIA_TYPES.values()
        },
    }
}
_REFUSALS: Final = refusals(
    *(NOT_FOUND, CONFLICT, TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, UNPROCESSABLE),
    *(HTTPStatus.NOT_IMPLEMENTED, UNAVAILABLE),
)
NewId = Annotated[ClientMessageId | None, Query(description="The client's own id of the message")]
AgentName = Annotated[Name | None, Query(description="Which conversation; the profile's first by default")]


@router.post("", status_code=202, responses=_REFUSALS, openapi_extra=_BODY)
async def say(
    here: Here,
    session: OneSession,
    request: Request,
    message_id: NewId = None,
    agent: AgentName = None,
    delivery: Delivery = Delivery.STEER,
) -> MessageTaken:
    """Send a recording, which becomes a message when it is transcribed; 202 once the engine has taken it.

    The body is the recording itself: WAV, or Opus or Vorbis in WebM or in Ogg, 10 MiB and 300 seconds at
    most. `message.accepted` has its text; `message.rejected` says `transcription_failed` or `nothing_said`.
    501 `transcription_unavailable` where nobody transcribes: do so in the client, and send a message.
    """
    _check_transcribes(here)
    session_id = open_session(session).fields["session_id"]
    declared = declared_format(request.headers.get("content-type"))
    command = SendRecording(
        audio_id=await here.uploads.keep(request, session_id, declared),
        message_id=message_id or f"m-{token_hex(ID_BYTES)}",
        agent=agent,
        delivery=delivery,
    )
    cursor = await writes.send(here, session, command)
    return MessageTaken(message_id=command.message_id, cursor=str(cursor))


def _check_transcribes(here: Context) -> None:
    if not here.options.transcribes:
        raise Problem(
            ErrorCode.TRANSCRIPTION_UNAVAILABLE,
            "Nobody transcribes recordings here. Transcribe in the client and send the text with "
            "POST …/messages, or set PERDURE_TRANSCRIPTION_MODEL.",
        )
