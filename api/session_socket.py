"""One client's WebSocket: a sender that follows the log, and a receiver that carries out what is asked for.

Owns both tasks and how the socket ends. What a viewer gets is `event_stream`'s, what a write does `writes`'s:
this must not know better than they. A client that does not read holds up its own socket and nothing else:
the sender waits with one page of events, the receiver with one answer.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from activities.store.client import StoreUnavailableError
from activities.store.projection import ProjectedSession
from api import errors, metrics, talking, writes
from api.auth import Principal
from api.context import Context
from api.errors import Problem
from api.event_stream import EventStream
from api.hub import FeedClosedError
from api.requests import NewMessage
from api.socket_frames import (
    PONG,
    Asked,
    Ping,
    Stop,
    error_frame,
    event_frame,
    read_frame,
    read_object,
    taken_frame,
)
from workflows.contract.commands import InterruptionReport, MicrophoneReport, PlaybackReport
from workflows.contract.session import Delivery

SESSION_OVER: Final = 1000
BROKEN: Final = 1011
RESTARTING: Final = 1012

_log = logging.getLogger(__name__)


class _GoneError(Exception):
    """Nobody is at the other end."""


class SessionSocket:
    """An accepted socket of one session, for whoever asks."""

    def __init__(
        self, here: Context, socket: WebSocket, asking: Principal, session_id: str, stream: EventStream
    ) -> None:
        self._here = here
        self._socket = socket
        self._asking = asking
        self._session_id = session_id
        self._stream = stream

    async def run(self) -> None:
        """Serve the client until it has gone, or was sent away."""
        try:
            async with asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send_events())
                await self._receive_frames(tasks)
                sender.cancel()
        except ExceptionGroup:
            _log.exception("unexpected error on a socket")
            await self._close(BROKEN)

    async def _send_events(self) -> None:
        try:
            await self._follow()
            await self._close(SESSION_OVER)
        except FeedClosedError:
            await self._close(RESTARTING)
        except _GoneError:
            # The receiver hears of it, once it has carried out what the client had sent before.
            return

    async def _follow(self) -> None:
        async with self._here.hub.watch(self._session_id) as feed:
            with metrics.viewing("websocket"):
                while not self._stream.over:
                    for seen in await self._stream.next_despite_outages(feed):
                        await self._send(event_frame(seen))
                        metrics.sent("websocket", 1)

    async def _receive_frames(self, afterwards: asyncio.TaskGroup) -> None:
        while (received := await self._socket.receive())["type"] != "websocket.disconnect":
            with suppress(_GoneError):
                await self._take(received.get("text"), afterwards)
            # Thousands of small frames come in at once, and nothing here waits: others have their turn.
            await asyncio.sleep(0)

    async def _take(self, text: str | None, afterwards: asyncio.TaskGroup) -> None:
        given: Mapping[str, Any] = {}
        try:
            given = read_object(text)
            await self._carry_out(read_frame(given), afterwards)
        except (Problem, StoreUnavailableError) as error:
            await self._send(error_frame(errors.as_problem(error), given))

    async def _carry_out(self, asked: Asked, afterwards: asyncio.TaskGroup) -> None:
        match asked:
            case Ping():
                await self._send(PONG)
            case Stop():
                cursor = await writes.stop(self._here, await self._session())
                await self._send(taken_frame("stop", cursor=str(cursor)))
            case NewMessage():
                await self._say(asked, afterwards)
            case MicrophoneReport():
                cursor = await talking.report_microphone(self._here, await self._session(), asked)
                await self._send(taken_frame("listening", cursor=str(cursor)))
            case InterruptionReport():
                cursor = await talking.barge_in(self._here, await self._session(), asked)
                await self._send(taken_frame("barge_in", cursor=str(cursor)))
            case PlaybackReport():
                # It waits for the reports that follow it, and must hold up nobody.
                afterwards.create_task(self._report_playback(asked))

    async def _report_playback(self, asked: PlaybackReport) -> None:
        with suppress(_GoneError):
            try:
                cursor = await talking.report_playback(self._here, await self._session(), asked)
                await self._send(taken_frame("playback", cursor=str(cursor)))
            except (Problem, StoreUnavailableError) as error:
                await self._send(error_frame(errors.as_problem(error), {}))

    async def _say(self, message: NewMessage, afterwards: asyncio.TaskGroup) -> None:
        session = await self._session()
        command, cursor = await writes.say(self._here, session, message)
        if command.delivery is Delivery.INTERRUPT:
            interrupt = writes.interrupt(self._here, session, command.message_id, cursor)
            afterwards.create_task(interrupt)
        await self._send(taken_frame("message", message_id=command.message_id, cursor=str(cursor)))

    async def _session(self) -> ProjectedSession:
        return await self._here.access.session(self._asking, self._session_id)

    async def _send(self, text: str) -> None:
        """Raises _GoneError."""
        if self._socket.application_state is not WebSocketState.CONNECTED:
            raise _GoneError
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            # RuntimeError: the server has closed the socket, because it heard no answer to its pings.
            raise _GoneError from error

    async def _close(self, code: int) -> None:
        try:
            await self._socket.close(code)
        except (WebSocketDisconnect, RuntimeError):
            _log.debug("a socket was closed by its client first")
