"""What all clients of a run share: the API processes, the clock, the book, and how a wish is repeated.

Owns requests and their records. Must not know what is wished for.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests.chaos.clock import Clock
from tests.chaos.records import Book, Try
from tests.chaos.words import mark

ANSWER_SECONDS: Final = 6.0
AGAIN_SECONDS: Final = (0.1, 0.5)
TRY_AGAIN: Final = frozenset({0, 408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Wish:
    """What a client wants, however often it has to ask."""

    verb: str
    method: str
    path: str
    session_id: str = ""
    about: str = ""
    content: str = ""
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Office:
    """Where clients go; nothing new begins after `closing`, and nobody asks again after `deadline`."""

    def __init__(
        self, apis: Sequence[httpx2.AsyncClient], clock: Clock, book: Book, closing: float, deadline: float
    ) -> None:
        self.apis = apis
        self.clock = clock
        self.book = book
        self.closing = closing
        self.deadline = deadline
        self._messages = 0

    @property
    def open(self) -> bool:
        """Whether there is time for something new."""
        return self.clock.now() < self.closing

    def next_mark(self) -> str:
        """A mark that no other message of the run has."""
        self._messages += 1
        return mark(self._messages)

    async def ask(self, wish: Wish, dice: random.Random) -> Try | None:
        """Ask until there is an answer that stands; None when there was none in time."""
        while self.clock.now() < self.deadline:
            tried = await self._try(wish, dice.choice(self.apis))
            self.book.note(tried)
            if tried.status not in TRY_AGAIN:
                return tried
            await asyncio.sleep(dice.uniform(*AGAIN_SECONDS))
        return None

    async def ask_twice_at_once(self, wish: Wish, dice: random.Random) -> Try | None:
        """As somebody does who cannot wait."""
        first, _ = await asyncio.gather(self.ask(wish, dice), self.ask(wish, dice))
        return first

    async def _try(self, wish: Wish, api: httpx2.AsyncClient) -> Try:
        asked_at, status, answer = self.clock.now(), 0, {}
        with suppress(httpx2.HTTPError, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await api.request(
                    wish.method, wish.path, json=wish.body, headers=dict(wish.headers), timeout=ANSWER_SECONDS
                )
            status, answer = response.status_code, _json(response)
        return Try(
            session_id=wish.session_id,
            verb=wish.verb,
            about=wish.about,
            content=wish.content,
            asked_at=asked_at,
            answered_at=self.clock.now(),
            status=status,
            code=str(answer.get("code", "")),
            answer={name: answer[name] for name in _KEPT if name in answer},
        )


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        found: dict[str, Any] = response.json()
    except ValueError:
        return {"code": "no_json", "detail": response.text[:200]}
    return found


_KEPT: Final = ("session_id", "session_key", "message_id", "cursor", "title", "status", "detail")
