"""A person who interrupts the voice.

Owns the two calls of it, the second of which takes the first one back within a short time. Must not silence
anything here.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final

from api.cli.client import Api, Json, patiently
from api.cli.errors import CommandError
from api.cli.hearing import Position
from api.cli.ink import Tone
from api.cli.paper import Notice

TAKE_BACK_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 2.0
"""Somebody who interrupts wants to be heard now."""


class BargeIn:
    """An interruption of `session` at `position`, sent at once; failures go to `say`."""

    def __init__(self, api: Api, session: str, position: Position, say: Callable[[Notice], None]) -> None:
        self._api = api
        self._session = session
        self._say = say
        self._at = monotonic()
        self._turn = position.sentence.turn
        self._is_told = self._is_taken_back = False
        self._taken = asyncio.create_task(self._post(_place(position), "Not interrupted"))

    async def is_taken(self) -> bool:
        """Whether the session was interrupted."""
        return await self._taken

    async def take_back(self) -> bool:
        """Nothing was meant by it; whether the session goes on as if nothing had been."""
        is_in_time = monotonic() - self._at < TAKE_BACK_SECONDS
        if not await self._taken:
            return True
        self._is_taken_back = is_in_time and await self._post({"resume": True}, "Not taken back")
        return self._is_taken_back

    def is_old_news(self, turn: int) -> bool:
        """Whether the interruption of `turn` that is told now is this one, taken back meanwhile."""
        is_this = turn == self._turn and not self._is_told
        self._is_told |= is_this
        return is_this and self._is_taken_back

    def give_up(self) -> None:
        """Nobody waits for the answer any more."""
        self._taken.cancel()

    async def _post(self, body: Json, failure: str) -> bool:
        try:
            await patiently(partial(self._api.barge_in, self._session, body), PATIENCE_SECONDS)
        except CommandError as error:
            self._say(Notice(f"{failure}: {error}", Tone.TROUBLE))
            return False
        return True


def _place(position: Position) -> Json:
    sentence = position.sentence
    return {"turn": sentence.turn, "sentence_index": sentence.index, "played_ms": position.played_ms}
