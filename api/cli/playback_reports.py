"""Telling the session what is being heard.

Owns the reports and their order. They are hints: one that is refused or cannot be sent is forgotten, and none
is waited for. Must not know what plays.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final, Literal

from api.cli.announced import Sentence
from api.cli.client import Api, Json
from api.cli.errors import CommandError

STARTED: Final = "started"
FINISHED: Final = "finished"
PATIENCE_SECONDS: Final = 5.0
MOST_WAITING: Final = 4
"""Of reports that could not be sent yet, the old ones say nothing that the new ones do not."""


class PlaybackReports:
    """The reports of one listener in `session`."""

    def __init__(self, api: Api, session: str) -> None:
        self._api = api
        self._session = session
        self._waiting: deque[Json] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()

    def started(self, sentence: Sentence) -> None:
        """The sentence begins to be heard."""
        self._put(sentence, 0, STARTED)

    def finished(self, sentence: Sentence) -> None:
        """The sentence was heard to its end."""
        self._put(sentence, sentence.duration_ms, FINISHED)

    def forget(self) -> None:
        """What was not sent is no longer true."""
        self._waiting.clear()

    async def send(self) -> None:
        """Send what there is to report, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                report = self._waiting.popleft()
                with suppress(CommandError, TimeoutError):
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await self._api.playback(self._session, report)

    def _put(self, sentence: Sentence, played_ms: int, state: Literal["started", "finished"]) -> None:
        if sentence.turn is None:
            return
        place = {"turn": sentence.turn, "sentence_index": sentence.index, "played_ms": played_ms}
        self._waiting.append({**place, "state": state})
        self._news.set()
