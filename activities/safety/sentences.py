"""The pace of the safety filter while a text streams: one check under way, the rest waits together.

Owns the order and what goes into one check; must not judge, and holds no sentence back once it has a verdict.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

from activities.safety.filter import SafetyFilter, Verdict

MOST_AT_ONCE: Final = 32
"""Sentences in one check."""


class FilteredSentences:
    """The sentences of one text with their verdicts, in order, for one reader.

    A sentence that finds no check under way is checked at once; those that do are checked together
    afterwards. Reading ends behind the last sentence once closed, and with FilterUnavailableError.
    """

    def __init__(self, safety_filter: SafetyFilter) -> None:
        self._filter = safety_filter
        self._waiting: deque[str] = deque()
        self._closed = False
        self._changed = asyncio.Event()

    def offer(self, sentence: str) -> None:
        """Add the next sentence. Raises RuntimeError when closed."""
        if self._closed:
            raise RuntimeError("a sentence was offered behind the last one")
        self._waiting.append(sentence)
        self._changed.set()

    def close(self) -> None:
        """Say that no more sentences follow."""
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncGenerator[tuple[str, Verdict]]:
        """Each sentence, with what is to become of it."""
        while batch := await self._next_batch():
            for checked in zip(batch, await self._filter.check(batch), strict=True):
                yield checked

    async def _next_batch(self) -> list[str]:
        """What waits, as soon as something does; nothing behind the last sentence."""
        while not self._waiting and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
