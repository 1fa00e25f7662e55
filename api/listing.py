"""The list of a tenant's sessions, newest activity first.

Owns filters and paging; a page's cursor is the place of its last session in that order.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from activities.store.listing import Listing, Place
from activities.store.projection import ProjectedSession, Projection
from api.errors import Problem
from workflows.contract.errors import ErrorCode

CHUNK: Final = 200
_CURSOR: Final = re.compile(r"([0-9]{1,15}(?:[.][0-9]{1,6})?)_([A-Za-z0-9_-]{1,64})")
_SEARCHED: Final = ("session_key", "session_id", "title")


@dataclass(frozen=True)
class Wanted:
    """Which sessions a client asks for; None is any."""

    statuses: frozenset[str] | None = None
    profile: str | None = None
    user_id: str | None = None
    prefix: str | None = None

    def includes(self, session: ProjectedSession) -> bool:
        """Whether `session` is one of them."""
        fields = session.fields
        return (
            (self.statuses is None or fields["status"] in self.statuses)
            and self.profile in (None, fields["profile"])
            and self.user_id in (None, fields["user_id"])
            and (self.prefix is None or _begins(fields, self.prefix.casefold()))
        )


def _begins(fields: dict[str, Any], prefix: str) -> bool:
    return any((fields[name] or "").casefold().startswith(prefix) for name in _SEARCHED)


class SessionPages:
    """Lists the sessions of all tenants."""

    def __init__(self, listing: Listing, projection: Projection) -> None:
        self._listing = listing
        self._projection = projection

    async def page(
        self, tenant: str, wanted: Wanted, cursor: str | None, limit: int
    ) -> tuple[Sequence[ProjectedSession], str | None]:
        """One page, and the cursor of the next if there is one."""
        found: list[tuple[Place, ProjectedSession]] = []
        async for match in self._matches(tenant, wanted, _parse(cursor) if cursor else None):
            if len(found) == limit:
                return [session for _, session in found], _spell(found[-1][0])
            found.append(match)
        return [session for _, session in found], None

    async def _matches(
        self, tenant: str, wanted: Wanted, place: Place | None
    ) -> AsyncIterator[tuple[Place, ProjectedSession]]:
        while chunk := await self._listing.newest(tenant, place, CHUNK):
            sessions = await self._projection.sessions([session_id for _, session_id in chunk])
            for listed, session in zip(chunk, sessions, strict=True):
                if session is not None and wanted.includes(session):
                    yield listed, session
            place = chunk[-1]


def _spell(place: Place) -> str:
    return f"{place[0]!r}_{place[1]}"


def _parse(cursor: str) -> Place:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        detail = "This is no cursor of a list; begin without one."
        raise Problem(ErrorCode.INVALID_REQUEST, detail, field="cursor")
    return float(found[1]), found[2]
