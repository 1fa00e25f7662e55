"""Giving the store back what it lost of one session.

An open session tells it again by itself; of one that is over, the engine still knows what it held. Owns which
of the two; must not know how it was noticed, nor query a session that is open: see `workers.whole_tasks`.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from activities.store.cursor import BEGINNING, Cursor
from activities.store.projection import ProjectedSession, Projection
from activities.store.retention import Retention
from api.ending import closed_fields
from api.engine import Engine
from api.errors import Problem, session_not_found, store_rebuilding
from workflows.contract.base import unix_milliseconds
from workflows.contract.commands import STORE_LOST
from workflows.contract.errors import ErrorCode
from workflows.contract.session import EndReason, Status

LOOK_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 5.0


class Restoring:
    """Restores sessions. Raises Problem: `engine_unavailable`, `session_not_found`."""

    def __init__(self, projection: Projection, retention: Retention, engine: Engine) -> None:
        self._projection = projection
        self._retention = retention
        self._engine = engine
        self._coming_back: dict[str, asyncio.Task[ProjectedSession]] = {}
        """By session id: however many ask for a session that was lost, it is told once."""

    async def brought_back(self, session_id: str, tenant: str) -> ProjectedSession:
        """A session that the store has lost, once it is back. Raises Problem also: `store_unavailable`."""
        coming = self._coming_back.get(session_id)
        if coming is None:
            coming = asyncio.create_task(self._bring_back(session_id, tenant))
            self._coming_back[session_id] = coming
            coming.add_done_callback(lambda _: self._coming_back.pop(session_id))
        return await asyncio.shield(coming)

    async def _bring_back(self, session_id: str, tenant: str) -> ProjectedSession:
        session = await self._projection.session(session_id)
        if session is not None:
            # It came back since it was missed.
            return session
        if not await self.doubt(session_id):
            await self.restore_closed(session_id, tenant)
        until = monotonic() + PATIENCE_SECONDS
        while (session := await self._projection.session(session_id)) is None:
            if monotonic() > until:
                raise store_rebuilding()
            await asyncio.sleep(LOOK_SECONDS)
        return session

    async def check_not_gone(self, session_id: str) -> None:
        """Raise Problem, `session_not_found`, when the session was deleted."""
        if await self._retention.is_gone(session_id):
            raise session_not_found()

    async def doubt(self, session_id: str) -> bool:
        """Let the session look whether the store lost something; False when it is over."""
        try:
            await self._engine.signal(session_id, STORE_LOST, {})
        except Problem as problem:
            if problem.code is not ErrorCode.SESSION_CLOSED:
                raise
            return False
        return True

    async def restore_closed(self, session_id: str, tenant: str, cut_off: EndReason | None = None) -> None:
        """Bring a session that is over back into the store, with what its workflow still held.

        One that was deleted stays deleted: `session_not_found`.
        """
        await self.check_not_gone(session_id)
        fields, transcript = await self._last_known(session_id)
        now = datetime.now(UTC)
        if fields["status"] != Status.CLOSED:
            fields |= closed_fields(fields, cut_off or EndReason.TERMINATED, now)
        # An epoch of its own: whoever holds a cursor of the log that is lost gets a reset.
        cursor = Cursor(unix_milliseconds(now), 0)
        session = ProjectedSession(fields=fields, tenant=tenant, cursor=cursor, closing=False)
        # First, because nobody would miss the note: a session that is restored is not restored again.
        ended_at = datetime.fromisoformat(fields["updated_at"])
        await self._retention.note_end(session_id, unix_milliseconds(ended_at))
        await self._projection.restore(session, transcript)

    async def _last_known(self, session_id: str) -> tuple[dict[str, Any], Sequence[dict[str, Any]]]:
        try:
            return await self._engine.snapshot(session_id), await self._engine.transcript(session_id)
        except Problem as problem:
            held = await self._projection.session(session_id)
            if problem.code is not ErrorCode.SESSION_NOT_FOUND or held is None or held.cursor != BEGINNING:
                raise
            # The workflow was ended before it said anything: what was announced is all there is.
            return held.fields, ()
