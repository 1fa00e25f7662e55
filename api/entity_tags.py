"""Whether a client has what it asks for already: `If-None-Match` of RFC 9110.

Owns reading it; must not know how tags are made.
"""

from typing import Annotated

from fastapi import Header

IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether `etag` is among those the client has (13.1.2: any of them, compared weakly)."""
    known = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return known == ["*"] or etag in known
