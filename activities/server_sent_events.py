"""The `data` fields of a server-sent event stream, as bytes.

Splits at line feeds only: text inside JSON may hold any other line separator that Unicode knows.
Source: WHATWG HTML, server-sent events.
"""

from collections.abc import AsyncIterator
from typing import Final

_DATA: Final = b"data:"


async def data_fields(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of each event that is complete, without parsing it."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(_DATA):
                yield line[len(_DATA) :].strip()
