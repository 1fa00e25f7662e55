"""From a path's id to the session it means, for whoever asks.

Owns that nobody reaches another tenant's session, and that an id can be nothing but an id. Someone else's
session does not exist.
"""

import re
from typing import Final

from activities.store.listing import Listing
from activities.store.projection import ProjectedSession, Projection
from api.auth import Principal
from api.engine import Engine
from api.errors import session_not_found
from api.restoring import Restoring

_SESSION_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SESSION_KEY: Final = re.compile(r"SESSION-[0-9]{3,15}")


class Access:
    """Finds sessions. Raises Problem: `session_not_found`, `store_unavailable`."""

    def __init__(
        self, listing: Listing, projection: Projection, engine: Engine, restoring: Restoring
    ) -> None:
        self._listing = listing
        self._projection = projection
        self._engine = engine
        self._restoring = restoring

    async def session(self, principal: Principal, id_or_key: str) -> ProjectedSession:
        """The session that `id_or_key` means to `principal`."""
        session_id = await self._id(principal, id_or_key)
        if principal.session_id not in (None, session_id):
            raise session_not_found()
        session = await self._projection.session(session_id)
        tenant = session.tenant if session else await self._owner(session_id)
        if tenant != principal.tenant:
            raise session_not_found()
        return session or await self._restoring.brought_back(session_id, tenant)

    async def _id(self, principal: Principal, id_or_key: str) -> str:
        if _SESSION_KEY.fullmatch(id_or_key):
            found = await self._listing.id_of(principal.tenant, id_or_key)
            if found is None:
                raise session_not_found()
            return found
        if not _SESSION_ID.fullmatch(id_or_key):
            raise session_not_found()
        return id_or_key

    async def _owner(self, session_id: str) -> str:
        await self._restoring.check_not_gone(session_id)
        return await self._engine.tenant(session_id)
