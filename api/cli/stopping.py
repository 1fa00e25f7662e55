"""Stopping the running turn.

Owns which turn was asked to stop: asking again means something else. A stop that comes before its turn holds
for that turn.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from api.cli.client import Api, patiently
from api.cli.errors import CommandError
from api.cli.ink import Tone
from api.cli.paper import Notice
from api.cli.reducer import Conversation, Event

NEXT_TURN: Final = 0
_OVER: Final = frozenset({"turn.completed", "turn.stopped", "turn.failed"})


class Stopping:
    """The stops of one chat; failures go to `say`."""

    def __init__(self, api: Api, session: str, say: Callable[[Notice], None]) -> None:
        self._api = api
        self._session = session
        self._say = say
        self._asked: int | None = None
        self._request: asyncio.Task[None] | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the running turn, or the one about to run, was asked to stop."""
        return self._asked is not None

    def ask(self, conversation: Conversation) -> None:
        """Stop the turn that runs."""
        self._stop(conversation.turn.number if conversation.turn else NEXT_TURN)

    def forget(self) -> None:
        """What comes now was not meant."""
        self._asked = None

    def heard(self, event: Event) -> None:
        """Follow the turns."""
        if event["type"] in _OVER:
            self._asked = None
        elif event["type"] == "turn.started" and self._asked == NEXT_TURN:
            self._stop(event["turn"])

    def _stop(self, turn: int) -> None:
        self._asked = turn
        self._request = asyncio.create_task(self._post())

    async def _post(self) -> None:
        try:
            await patiently(partial(self._api.stop, self._session))
        except CommandError as error:
            self._asked = None
            self._say(Notice(f"Not stopped: {error}", Tone.TROUBLE))
