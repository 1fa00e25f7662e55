"""Watching a session without a word.

Owns the two forms of it: for people, and one JSON object a line for machines.
"""

import asyncio

from api.cli.client import Api, patiently
from api.cli.event_stream import EventStream
from api.cli.json_output import write_json
from api.cli.narrator import Narrator
from api.cli.pulse import Pulse
from api.cli.view import View


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
        self._pulse = Pulse(view.paper, self._show)
        self._stream = EventStream(api, session, after, self._pulse.on_connection)

    async def run(self) -> None:
        """Until the session ends. Raises RefusedError, NotReachableError."""
        self._narrator.recall(await patiently(self._stream.past))
        if self._narrator.conversation.end_reason:
            return
        ticking = asyncio.create_task(self._pulse.beat())
        try:
            async for event in self._stream.live():
                self._narrator.tell(event)
                self._pulse.heard(event)
        finally:
            ticking.cancel()
            self._view.close()

    def _show(self) -> None:
        self._view.status(self._pulse.status(self._narrator.conversation))
