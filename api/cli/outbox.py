"""Messages on their way: sent one after the other, again and again until they are taken.

Owns their ids, which make that harmless. Must not know what becomes of them.
"""

import asyncio
import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

from api.cli.client import Api, patiently
from api.cli.errors import RefusedError

STEER: Final = "steer"


@dataclass(frozen=True)
class Letter:
    """A message that is to be sent."""

    message_id: str
    text: str
    delivery: str = STEER


def new_letter(text: str, delivery: str = STEER) -> Letter:
    """A message with an id of its own."""
    return Letter(f"cli-{uuid4().hex}", text, delivery)


class Outbox:
    """The messages of one person to one session; `on_refusal` gets those that the API does not take."""

    def __init__(self, api: Api, session: str, on_refusal: Callable[[Letter, RefusedError], None]) -> None:
        self._api = api
        self._session = session
        self._on_refusal = on_refusal
        self._unsent: asyncio.Queue[Letter] = asyncio.Queue()
        self._pending: dict[str, Letter] = {}

    @property
    def pending(self) -> Mapping[str, Letter]:
        """What the session has not been seen to take, in order."""
        return self._pending

    def put(self, letter: Letter) -> None:
        """Let `letter` be sent."""
        self._pending[letter.message_id] = letter
        self._unsent.put_nowait(letter)

    def taken(self, message_id: str) -> None:
        """The session has taken or rejected this message."""
        self._pending.pop(message_id, None)

    def found(self, held: Container[str]) -> None:
        """The session has taken or rejected all of these, though nobody saw it."""
        for message_id in [message_id for message_id in self._pending if message_id in held]:
            self.taken(message_id)

    async def deliver(self) -> None:
        """Send what is put here, until cancelled."""
        while True:
            letter = await self._unsent.get()
            try:
                await patiently(partial(self._send, letter), math.inf)
            except RefusedError as refusal:
                self.taken(letter.message_id)
                self._on_refusal(letter, refusal)

    async def _send(self, letter: Letter) -> None:
        await self._api.send(self._session, letter.message_id, letter.text, letter.delivery)
