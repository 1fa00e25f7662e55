"""Showing what is true now, also while nothing comes.

Owns when it is shown again, and that people hear of a connection that breaks. Must not know what is shown.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from api.cli.paper import Notice, Paper
from api.cli.progress import Progress
from api.cli.reducer import Conversation, Event
from api.cli.wording import CONNECTED, RECONNECTING

TICK_SECONDS: Final = 0.25


class Pulse:
    """Calls `show` at every event, at every tick, and when the connection breaks or stands again."""

    def __init__(self, paper: Paper, show: Callable[[], None]) -> None:
        self._paper = paper
        self._show = show
        self._progress = Progress()

    async def beat(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._show()

    def heard(self, event: Event) -> None:
        """An event came, and is part of what is shown."""
        self._progress.heard(event)
        self._show()

    def on_connection(self, is_connected: bool) -> None:
        """As an event stream tells it."""
        self._progress.is_connected = is_connected
        self._paper.notice(Notice(CONNECTED if is_connected else RECONNECTING, passing=True))
        self._show()

    def status(self, conversation: Conversation, *, is_stopping: bool = False) -> str:
        """What the conversation is waiting for, in one line; empty when there is nothing to say."""
        return self._progress.status(conversation, is_stopping=is_stopping)
