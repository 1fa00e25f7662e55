"""A session over WebSocket: the same stream as its events, and a way to speak on the same connection.

Owns the handshake; what happens on an accepted socket is `session_socket`'s.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket

from api.auth import SUBPROTOCOL
from api.context import Asking, Here, OneSession, one_session
from api.cursors import After, starting_place
from api.description import NOT_FOUND, UNAVAILABLE, UNPROCESSABLE, refusals
from api.errors import Problem
from api.event_stream import EventStream
from api.session_socket import SessionSocket
from workflows.contract.errors import ErrorCode

router = APIRouter(prefix="/v1/sessions/{session_id}/ws", tags=["events"])


async def _stream(here: Here, session: OneSession, after: After = None) -> EventStream:
    stream = EventStream(session.fields["session_id"], starting_place(after), here.reader, here.projection)
    await stream.open()
    return stream


Stream = Annotated[EventStream, Depends(_stream)]


@router.websocket("")
async def speak(socket: WebSocket, here: Here, asking: Asking, session: OneSession, stream: Stream) -> None:
    """See `handshake`, which the OpenAPI document shows."""
    try:
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    except OSError:
        # The client has gone meanwhile, or this process ends.
        return
    await SessionSocket(here, socket, asking, session.fields["session_id"], stream).run()


@router.get(
    "",
    status_code=HTTPStatus.SWITCHING_PROTOCOLS,
    dependencies=[Depends(one_session)],
    responses=refusals(NOT_FOUND, UNPROCESSABLE, HTTPStatus.UPGRADE_REQUIRED, UNAVAILABLE),
)
async def handshake(after: After = None) -> None:
    """The session's events over WebSocket: one JSON object a frame, each with its `cursor`.

    The stream is that of `GET …/events`; after `session.ended` the server closes with 1000, and with 1012
    when its process ends: connect again with the last `cursor` as `after`.

    The client may send text frames of up to 256 KiB:

    - `{"type": "message", …}`, with the fields of `POST …/messages`; answered by
      `{"type": "message.taken", "message_id", "cursor"}` once the engine has durably taken it
    - `{"type": "stop"}`; answered by `{"type": "stop.taken", "cursor"}`
    - `{"type": "ping"}`; answered by `{"type": "pong"}`
    - `{"type": "listening" | "barge_in" | "playback", …}`; only for profiles with voice

    What is refused is answered by `{"type": "error", "title", "status", "detail", "code", "errors"}`, with
    the `message_id` of a refused message that had one, and the socket lives on.

    The credential is the `Authorization` header or, from a browser, the subprotocols `perdure.v1` and
    `bearer.<session token>`, of which the server chooses `perdure.v1`.
    """
    starting_place(after)
    raise Problem(
        ErrorCode.UPGRADE_REQUIRED,
        "This is a WebSocket; the same events are at …/events.",
        headers={"Upgrade": "websocket", "Connection": "Upgrade"},
    )
