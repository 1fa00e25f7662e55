"""A viewer who writes down every event, comes late, leaves and comes back, over any API process.

Owns its connections. Must not judge what it sees: the records are checked when everything is over.
"""

import asyncio
import random
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from activities.store.cursor import Cursor
from tests.chaos.office import Office
from tests.chaos.records import Arrival
from tests.viewer import events

SILENCE_SECONDS: Final = 8.0
"""After which a connection is given up: nobody knows whether it is the session that is silent."""
AGAIN_SECONDS: Final = 0.2
STAY_SECONDS: Final = (0.3, 4.0)
"""How long a restless viewer stays connected."""


@dataclass(frozen=True)
class Habit:
    """When a viewer comes, and whether it stays."""

    name: str
    late: float = 0.0
    restless: bool = False


HABITS: Final = (Habit("live"), Habit("restless", restless=True), Habit("late", late=3.0))


class Viewer:
    """Watches one session from its beginning."""

    def __init__(self, session_id: str, habit: Habit, office: Office, seed: int) -> None:
        self.name = f"{habit.name} {session_id}"
        self.session_id = session_id
        self.cursor: Cursor | None = None
        self._habit = habit
        self._office = office
        self._dice = random.Random(f"viewer {self.name} {seed}")  # noqa: S311  a viewer is no secret
        self._last_event_id: str | None = None
        self._connection = 0
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether it saw the session's end."""
        return self._ended

    def has_reached(self, goal: Cursor) -> bool:
        """Whether it saw everything up to `goal`."""
        return self._ended or (self.cursor is not None and self.cursor >= goal)

    async def watch(self) -> None:
        """Look until the session ends."""
        await asyncio.sleep(self._habit.late)
        while not self._ended:
            api = self._dice.choice(self._office.apis)
            self._connection += 1
            stay = self._dice.uniform(*STAY_SECONDS) if self._habit.restless else None
            with suppress(httpx2.HTTPError, TimeoutError):
                async with asyncio.timeout(stay):
                    await self._connected(api)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _connected(self, api: httpx2.AsyncClient) -> None:
        async with aclosing(events(api, self.session_id, self._last_event_id)) as stream:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    event = await anext(stream, None)
                if event is None:
                    return
                self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        arrival = Arrival(
            self.session_id, self._habit.name, self._connection, self._office.clock.now(), event
        )
        self._office.book.note(arrival)
        self._last_event_id = event["cursor"]
        self.cursor = Cursor.parse(event["cursor"])
        over = event["type"] == "session.ended"
        told_over = event["type"] == "reset" and event["session"]["status"] == "closed"
        self._ended = over or told_over
