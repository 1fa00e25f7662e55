"""Which part of something a request wants: the `Range` header of RFC 9110, for one range of bytes.

Owns reading it; must not know what the bytes are.
"""

import re
from typing import Final

from api.errors import Problem
from workflows.contract.errors import ErrorCode

_ONE_RANGE: Final = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


def requested_range(header: str | None, size: int) -> range | None:
    """The places of the bytes that are wanted; None is all of them, for what is not understood, too.

    Raises Problem: `range_not_satisfiable`, where nothing is at the place that is wanted.
    """
    found = _ONE_RANGE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        wanted = range(max(size - int(found[2]), 0), size)
    else:
        first, last = int(found[1]), int(found[2] or size - 1)
        if found[2] and last < first:
            return None
        wanted = range(first, min(last + 1, size))
    if not wanted:
        raise Problem(
            ErrorCode.RANGE_NOT_SATISFIABLE,
            f"There are {size} bytes; ask for some of them.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return wanted


def content_range(part: range, size: int) -> str:
    """The `Content-Range` header of `part`."""
    return f"bytes {part.start}-{part.stop - 1}/{size}"
