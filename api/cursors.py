"""Cursors and limits as parameters of requests: read, and refused when they are none."""

from typing import Annotated, Final

from fastapi import Depends, Query

from activities.store.cursor import BEGINNING, Cursor
from api.errors import Problem
from workflows.contract.errors import ErrorCode

NOW: Final = "now"
MAX_PAGE: Final = 200

After = Annotated[str | None, Query(description="A cursor, or `now`")]
PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
ListCursor = Annotated[str | None, Query(max_length=200)]


def parse_cursor(text: str, field: str) -> Cursor:
    """The cursor that `text` spells. Raises Problem."""
    cursor = Cursor.parse(text)
    if cursor is None:
        raise Problem(
            ErrorCode.INVALID_REQUEST,
            "This is no cursor; use one that an answer or an event gave.",
            field=field,
        )
    return cursor


def starting_place(after: str | None) -> Cursor | None:
    """Where a stream starts that was asked for `after`; None is the live end. Raises Problem."""
    if after is None:
        return BEGINNING
    return None if after == NOW else parse_cursor(after, "after")


async def _after_write(
    after: Annotated[
        str | None, Query(description="A write's cursor: wait until it has taken effect")
    ] = None,
) -> Cursor | None:
    return None if after is None else parse_cursor(after, "after")


AfterWrite = Annotated[Cursor | None, Depends(_after_write)]
