"""Pages of a transcript, in either direction.

Owns filters and paging; a page's cursor is the index that the next one begins at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from activities.store.projection import Projection
from workflows.contract.session import TranscriptMessage

CHUNK: Final = 200


@dataclass(frozen=True)
class Wanted:
    """Which messages: of `agent` (None: all), from index `place` on (None: from the first in order)."""

    agent: str | None
    place: int | None
    limit: int
    descending: bool

    def chunks(self, end: int) -> Iterator[tuple[int, int]]:
        """Ranges of indices to read one after the other, of a transcript of length `end`."""
        if self.descending:
            last = end if self.place is None else min(self.place + 1, end)
            for stop in range(last, 0, -CHUNK):
                yield max(stop - CHUNK, 0), stop
        else:
            for start in range(self.place or 0, end, CHUNK):
                yield start, min(start + CHUNK, end)


async def transcript_page(
    projection: Projection, session_id: str, wanted: Wanted
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """The wanted messages, and where the next page begins if there is one."""
    items: list[dict[str, Any]] = []
    for start, stop in wanted.chunks(await projection.message_count(session_id)):
        chunk = list(await projection.messages(session_id, start, stop) or ())
        for index, message in reversed(chunk) if wanted.descending else chunk:
            if wanted.agent not in (None, message.agent):
                continue
            if len(items) == wanted.limit:
                return items, str(index)
            items.append(message.model_dump(mode="json"))
    return items, None


async def newest(
    projection: Projection, session_id: str, wanted: Callable[[TranscriptMessage], bool]
) -> TranscriptMessage | None:
    """The newest message that is `wanted`."""
    backwards = Wanted(agent=None, place=None, limit=1, descending=True)
    for start, stop in backwards.chunks(await projection.message_count(session_id)):
        for _, message in reversed(await projection.messages(session_id, start, stop) or ()):
            if wanted(message):
                return message
    return None
