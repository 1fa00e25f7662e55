"""Listening to a session: its words on the terminal, its audio in a file.

Owns which sentences were heard, each once and in order, whatever is killed on the way; must not know how the
words are shown.
"""

import asyncio
from functools import partial
from typing import Any, Final

from api.cli.client import Api, Json, patiently
from api.cli.event_stream import EventStream
from api.cli.narrator import Narrator
from api.cli.pulse import Pulse
from api.cli.recording import Recording
from api.cli.reducer import Event
from api.cli.view import View

PATIENCE_SECONDS: Final = 120.0
"""An audio that was announced is there, or comes back with its store."""


class Listening:
    """One session from its beginning to its end."""

    def __init__(self, api: Api, session: Json, recording: Recording | None, view: View) -> None:
        self._api = api
        self._id: str = session["session_id"]
        self._recording = recording
        self._view = view
        self._narrator = Narrator(view.paper)
        self._pulse = Pulse(view.paper, self._show)
        self._stream = EventStream(api, self._id, None, self._pulse.on_connection)
        self.heard = 0
        """Sentences that were spoken or skipped: the index of the next."""

    async def run(self) -> None:
        """Until the session ends. Raises RefusedError, NotReachableError."""
        ticking = asyncio.create_task(self._pulse.beat())
        try:
            async for event in self._stream.live():
                self._narrator.tell(event)
                self._pulse.heard(event)
                for speech in _speech_in(event):
                    await self._hear(speech)
        finally:
            ticking.cancel()
            self._view.close()

    async def _hear(self, speech: Event) -> None:
        index = speech["sentence_index"]
        if index < self.heard:
            return
        if self._recording is not None and "audio_id" in speech:
            read = partial(self._api.audio, self._id, speech["audio_id"])
            self._recording.add(await patiently(read, PATIENCE_SECONDS))
        self.heard = index + 1

    def _show(self) -> None:
        self._view.status(self._pulse.status(self._narrator.conversation))


def _speech_in(event: Event) -> list[dict[str, Any]]:
    """What an event announces; a reset says again what was announced before."""
    if event["type"] in {"speech.ready", "speech.skipped"}:
        return [dict(event)]
    return list(event.get("speech", ())) if event["type"] == "reset" else []
