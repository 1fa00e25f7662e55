"""Owns the offline model's idea of a token, and what a prompt cache would have seen before.

Must not be taken for a tokenizer: the counts are plausible and deterministic, nothing more.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from workers.offline.conversation import Item, Message, ToolCall

_PIECE = re.compile(r"\s*(?:\w{1,7}|[^\w\s]{1,3})|\s+")
_ITEM_OVERHEAD = 4
_KEPT_PREFIXES = 50_000


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a conversation: which one, and how many tokens long."""

    fingerprint: int = 0
    tokens: int = 0

    def extended(self, item: Item) -> "Prefix":
        """Return the prefix that goes one item further."""
        return Prefix(hash((self.fingerprint, item)), self.tokens + _tokens_of(item))


class PrefixCache:
    """Remembers which conversation beginnings were already sent, so that `cached_tokens` means something."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, None] = OrderedDict()

    def measure(self, start: Prefix, items: Iterable[Item]) -> tuple[Prefix, int]:
        """Return the whole prefix and how many of its tokens had been seen before this call."""
        prefix, cached = start, start.tokens
        for item in items:
            prefix = prefix.extended(item)
            if prefix.fingerprint in self._seen:
                cached = prefix.tokens
            self.remember(prefix)
        return prefix, cached

    def remember(self, prefix: Prefix) -> None:
        """Keep a prefix, and drop the least recently used one beyond the limit."""
        self._seen[prefix.fingerprint] = None
        self._seen.move_to_end(prefix.fingerprint)
        if len(self._seen) > _KEPT_PREFIXES:
            self._seen.popitem(last=False)


def pieces(text: str) -> list[str]:
    """Cut a text into the pieces that are streamed one by one; joined, they are the text."""
    return _PIECE.findall(text)


def count_tokens(text: str) -> int:
    """Return how many pieces a text has."""
    return len(pieces(text))


@lru_cache(maxsize=1024)
def _tokens_of(item: Item) -> int:
    if isinstance(item, Message):
        return _ITEM_OVERHEAD + count_tokens(item.text)
    if isinstance(item, ToolCall):
        return _ITEM_OVERHEAD + count_tokens(item.name) + count_tokens(item.arguments)
    return _ITEM_OVERHEAD + count_tokens(item.output)
