"""Looking after a store that was restarted or emptied.

Nobody tells: the store's life is asked for, again and again. In a new one, counters are raised above every
key that the engine knows, each open session looks for what the store lost of it, and sessions that are over
are brought back. One API process does it at a time. Owns that order; the single session is `restoring`'s.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from activities.store.life import StoreLife
from activities.store.projection import Projection
from api.errors import Problem
from api.restoring import Restoring
from api.visibility import KnownSession, Visibility
from api.watch import keep_looking
from workflows.contract.errors import ErrorCode

LOOK_SECONDS: Final = 0.5
LAG_SECONDS: Final = 1.0
"""The engine lists a session a moment after it was started."""
KEYS_UNDER_WAY: Final = 10
"""Keys that may have been given and forgotten when the store was lost while this process lived."""
AT_ONCE: Final = 16
ROUNDS: Final = 60
"""Tries to restore a session; after that, it is restored when somebody asks for it."""

_log = logging.getLogger(__name__)


class Rebuild:
    """Watches one store."""

    def __init__(
        self,
        life: StoreLife,
        projection: Projection,
        visibility: Visibility,
        restoring: Restoring,
        watched: Callable[[], Iterable[str]],
    ) -> None:
        self._life = life
        self._projection = projection
        self._visibility = visibility
        self._restoring = restoring
        self._watched = watched
        """Sessions that somebody looks at: they go first."""
        self._seen_a_life = False

    async def run(self) -> None:
        """Watch, until cancelled."""
        await keep_looking(self._look, LOOK_SECONDS, "the store could not be looked after")

    async def _look(self) -> None:
        if not await self._life.is_known() and await self._life.claim():
            await self._rebuild()
        self._seen_a_life = True

    async def _rebuild(self) -> None:
        life_id = await self._life.id()
        await asyncio.sleep(LAG_SECONDS)
        sessions = await self._visibility.sessions()
        _log.info("a new life of the store: %d sessions are looked after", len(sessions))
        await self._raise_counters(sessions)
        await self._life.keys_are_known(life_id)
        waiting = self._watched_first(sessions)
        for _ in range(ROUNDS):
            waiting = await self._look_after(waiting)
            if not waiting:
                break
        await self._life.sessions_are_known(life_id)

    async def _raise_counters(self, sessions: Sequence[KnownSession]) -> None:
        highest: dict[str, int] = {}
        for session in sessions:
            highest[session.tenant] = max(highest.get(session.tenant, 0), session.number)
        for tenant, number in highest.items():
            if await self._projection.count_above(tenant, number) or self._seen_a_life:
                await self._projection.count_above(tenant, number + KEYS_UNDER_WAY)

    def _watched_first(self, sessions: Sequence[KnownSession]) -> Sequence[KnownSession]:
        watched = set(self._watched())
        return sorted(sessions, key=lambda session: session.session_id not in watched)

    async def _look_after(self, sessions: Sequence[KnownSession]) -> Sequence[KnownSession]:
        """Look after `sessions`; those that have to be tried again."""
        again: list[KnownSession] = []
        for start in range(0, len(sessions), AT_ONCE):
            some = sessions[start : start + AT_ONCE]
            done = await asyncio.gather(*map(self._restored, some))
            again += [session for session, is_done in zip(some, done, strict=True) if not is_done]
            await self._life.claim()
        if again:
            await asyncio.sleep(LOOK_SECONDS)
        return again

    async def _restored(self, session: KnownSession) -> bool:
        try:
            if session.open and await self._restoring.doubt(session.session_id):
                return True
            held = await self._projection.session(session.session_id)
            if held is not None and held.closed:
                await self._projection.list_again(held)
            else:
                await self._restoring.restore_closed(session.session_id, session.tenant, session.cut_off)
        except Problem as problem:
            if problem.code is ErrorCode.SESSION_NOT_FOUND:
                return True
            _log.warning("session %s is not restored yet: %s", session.session_id, problem)
            return False
        return True
