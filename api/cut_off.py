"""Sessions whose workflow an operator ended, or turned back, in the engine.

No code of ours runs then: the engine's list is asked for such endings, again and again. A session that was
terminated is ended for its workflow; one that was reset looks after the store by itself once it is told. Owns
that watch; must not know what is said at an end (`ending`).
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from activities.store.client import StoreUnavailableError
from api.ending import Ending
from api.engine import Engine
from api.errors import Problem
from api.restoring import Restoring
from api.visibility import KnownSession, Visibility
from workflows.contract.base import rfc3339
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
        while True:
            try:
                await self._look()
            except (StoreUnavailableError, Problem) as error:
                _log.warning("endings could not be looked for: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        now = datetime.now(UTC)
        closed = await self._visibility.sessions(f"{_UNSAID} AND CloseTime > '{rfc3339(self._since)}'")
        for session in closed:
            if session.run_id not in self._handled:
                await self._handle(session)
                self._handled[session.run_id] = now
        self._since = now - OVERLAP
        self._handled = {run: at for run, at in self._handled.items() if at > self._since - OVERLAP}

    async def _handle(self, session: KnownSession) -> None:
        if await self._engine.is_open(session.session_id):
            await self._restoring.doubt(session.session_id)
        else:
            await self._ending.end(
                session.session_id, session.tenant, session.cut_off or EndReason.TERMINATED
            )
