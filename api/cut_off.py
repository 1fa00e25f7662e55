"""Sessions whose workflow an operator ended, or turned back, in the engine.

No code of ours runs then: the engine's list is asked for such endings, again and again. A session that was
terminated is ended for its workflow, or brought back as over where the store has lost it; one that was reset
looks after the store by itself once it is told. Owns that watch; must not know what is said at an end
(`ending`).
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from api.ending import Ending
from api.engine import Engine
from api.errors import Problem
from api.restoring import Restoring
from api.visibility import KnownSession, Visibility
from api.watch import keep_looking
from workflows.contract.base import rfc3339
from workflows.contract.errors import ErrorCode
from workflows.contract.session import EndReason

LOOK_SECONDS: Final = 2.0
OVERLAP: Final = timedelta(seconds=30)
"""Endings are listed a moment after they happened."""
FIRST_LOOK_BACK: Final = timedelta(days=1)
_UNSAID: Final = "ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')"

_log = logging.getLogger(__name__)


class CutOff:
    """Watches for sessions that ended without a word."""

    def __init__(
        self,
        visibility: Visibility,
        engine: Engine,
        restoring: Restoring,
        ending: Ending,
    ) -> None:
        self._visibility = visibility
        self._engine = engine
        self._restoring = restoring
        self._ending = ending
        self._since = datetime.now(UTC) - FIRST_LOOK_BACK
        self._handled: dict[str, datetime] = {}

    async def run(self) -> None:
        """Watch, until cancelled."""
        await keep_looking(self._look, LOOK_SECONDS, "endings could not be looked for")

    async def _look(self) -> None:
        now = datetime.now(UTC)
        closed = await self._visibility.sessions(f"{_UNSAID} AND CloseTime > '{rfc3339(self._since)}'")
        news = [session for session in closed if session.run_id not in self._handled]
        for session in news:
            if await self._is_handled(session):
                self._handled[session.run_id] = now
        if all(session.run_id in self._handled for session in news):
            self._since = now - OVERLAP
            self._handled = {run: at for run, at in self._handled.items() if at > self._since - OVERLAP}

    async def _is_handled(self, session: KnownSession) -> bool:
        """Whether there is nothing left to do; one session must not hold up the others."""
        try:
            await self._handle(session)
        except Problem as problem:
            if problem.code is not ErrorCode.SESSION_NOT_FOUND:
                _log.warning("the end of session %s is not told yet: %s", session.session_id, problem)
                return False
        return True

    async def _handle(self, session: KnownSession) -> None:
        session_id, reason = session.session_id, session.cut_off or EndReason.TERMINATED
        if await self._engine.is_open(session_id):
            await self._restoring.doubt(session_id)
        elif not await self._ending.end(session_id, session.tenant, reason):
            await self._restoring.restore_closed(session_id, session.tenant, reason)
