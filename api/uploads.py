"""Recordings on their way in: read, checked and kept, with bounded memory.

Owns how many come in at once, and for how long one may; what a recording may be is `recordings`'.
"""

import asyncio
import re
from typing import Final

from starlette.requests import ClientDisconnect, Request

from activities.store.audio import AudioStore, SessionGoneError, recording_id
from api.errors import session_not_found
from api.gate import LargerBody
from api.recordings.recording import checked_recording, invalid
from workflows.contract.transcription import MAX_RECORDING_BYTES, RecordingFormat

AT_ONCE: Final = 8
"""In one process; the others wait unread."""
PATIENCE_SECONDS: Final = 60.0
LARGER_BODY: Final = LargerBody(re.compile("/v1/sessions/[^/]+/audio"), MAX_RECORDING_BYTES)


class Uploads:
    """All uploads of one process."""

    def __init__(self, audio: AudioStore) -> None:
        self._audio = audio
        self._free = asyncio.Semaphore(AT_ONCE)

    async def keep(self, request: Request, session_id: str, declared: RecordingFormat) -> str:
        """Keep the recording in the request's body for the session: its audio id.

        Raises Problem: `invalid_audio`, `unsupported_audio`, `payload_too_large`, `session_not_found`; and
        StoreUnavailableError.
        """
        async with self._free:
            content = await _body(request)
            # Reading a file takes as long as its maker wants it to, within bounds.
            recording = await asyncio.to_thread(checked_recording, content, declared)
            name = await asyncio.to_thread(recording_id, content)
            try:
                await self._audio.put(session_id, name, recording)
            except SessionGoneError as error:
                raise session_not_found() from error
        return name


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for piece in request.stream():
                body += piece
    except TimeoutError as error:
        raise invalid(f"The body did not come in whole within {PATIENCE_SECONDS:g} seconds.") from error
    except ClientDisconnect as error:
        raise invalid("The body broke off.") from error
    return bytes(body)
