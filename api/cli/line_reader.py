"""Standard input line by line, where it is no terminal that could give keys.

Reads in a thread of its own, since a file cannot be waited for. Must not know what a line means.
"""

import asyncio
import codecs
import os
import threading
from typing import Final

CHUNK: Final = 4096


class LineReader:
    """Lines from a descriptor; None after the last."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        # A daemon, and below Python's buffers: one that waits for input must not keep the program alive.
        threading.Thread(target=self._read, daemon=True).start()

    async def line(self) -> str | None:
        """The next line without its end; None when there is none."""
        return await self._lines.get()

    def _read(self) -> None:
        decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
        while chunk := os.read(self._descriptor, CHUNK):
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            self._give(*lines)
        self._give(*([rest] if rest else ()), None)

    def _give(self, *lines: str | None) -> None:
        for line in lines:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
