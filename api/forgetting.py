"""Deleting what nobody may keep: sessions that somebody purged, and those that were over for long enough.

In the engine, too, which takes its time. Every API process looks; deleting twice is deleting once. Owns when;
how the store forgets is `activities.store.retention`'s.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from activities.store.retention import Retention
from api.engine import Engine
from api.errors import Problem
from api.watch import keep_looking
from workflows.contract.base import unix_milliseconds
from workflows.contract.errors import ErrorCode

LOOK_SECONDS: Final = 1.0


class Forgetting:
    """Deletes sessions."""

    def __init__(self, retention: Retention, engine: Engine, kept: timedelta) -> None:
        self._retention = retention
        self._engine = engine
        self._kept = kept

    async def run(self) -> None:
        """Look, until cancelled."""
        await keep_looking(self._look, LOOK_SECONDS, "sessions could not be deleted")

    async def _look(self) -> None:
        too_old = unix_milliseconds(datetime.now(UTC) - self._kept)
        for session_id in (*await self._retention.wanted_gone(), *await self._retention.over_since(too_old)):
            await self._forget(session_id)

    async def _forget(self, session_id: str) -> None:
        try:
            if await self._engine.is_open(session_id):
                return
            await self._engine.delete(session_id)
        except Problem as problem:
            if problem.code is not ErrorCode.SESSION_NOT_FOUND:
                raise
        await self._retention.delete(session_id)
