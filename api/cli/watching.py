"""Watching a session without a word.

Owns the two forms of it: for people, and one JSON object a line for machines.
"""

import asyncio
from typing import Final

from api.cli.client import Api, patiently
from api.cli.event_stream import EventStream
from api.cli.json_output import write_json
from api.cli.narrator import Narrator
from api.cli.paper import Notice
from api.cli.progress import Progress
from api.cli.view import View
from api.cli.wording import CONNECTED, RECONNECTING

TICK_SECONDS: Final = 0.25


async def watch_as_json(api: Api, session: str, after: str | None) -> None:
    """Every event as one line, until the session ends."""
    await patiently(lambda: api.session(session))
    async for event in EventStream(api, session, after).live():
        write_json(event)


class Watch:
    """A conversation as it goes on, on `view`."""

    def __init__(self, api: Api, session: str, after: str | None, view: View) -> None:
        self._view = view
        self._narrator = Narrator(view.paper)
        self._progress = Progress()
        self._stream = EventStream(api, session, after, self._on_connection)

    async def run(self) -> None:
        """Until the session ends. Raises RefusedError, NotReachableError."""
        self._narrator.recall(await patiently(self._stream.past))
        if self._narrator.conversation.end_reason:
            return
        ticking = asyncio.create_task(self._tick())
        try:
            async for event in self._stream.live():
                self._narrator.tell(event)
                self._progress.heard(event)
                self._show()
        finally:
            ticking.cancel()
            self._view.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._show()

    def _show(self) -> None:
        self._view.status(self._progress.status(self._narrator.conversation, is_stopping=False))

    def _on_connection(self, is_connected: bool) -> None:
        self._progress.is_connected = is_connected
        self._view.paper.notice(Notice(CONNECTED if is_connected else RECONNECTING, passing=True))
