"""What was told and spoken of a session, sentence by sentence.

Owns the reading; the event log's scripts write it, with the events. Must not know the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience

_SENTENCE: Final = "s"
_SPEECH: Final = "a"


@dataclass(frozen=True)
class SpokenWords:
    """Events by the index of their sentence."""

    sentences: Mapping[int, dict[str, Any]]
    speech: Mapping[int, dict[str, Any]]


class Spoken:
    """Reads for all sessions. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def sentence(self, session_id: str, index: int) -> str | None:
        """The text of a sentence; None when the store does not know it."""
        async with patience():
            found: Any = await self._redis.hget(keys.spoken(session_id), f"{_SENTENCE}{index}")
        if found is None:
            return None
        text: str = from_json(found)["text"]
        return text

    async def turn_of(self, session_id: str, index: int) -> int | None:
        """The turn that told a sentence whose audio was announced; None for any other sentence."""
        async with patience():
            found: Any = await self._redis.hmget(
                keys.spoken(session_id), [f"{_SENTENCE}{index}", f"{_SPEECH}{index}"]
            )
        told, announced = found
        if told is None or announced is None or "audio_id" not in from_json(announced):
            return None
        turn: int = from_json(told)["turn"]
        return turn

    async def words(self, session_id: str) -> SpokenWords:
        """Everything."""
        async with patience():
            found: Any = await self._redis.hgetall(keys.spoken(session_id))
        by_kind: dict[str, dict[int, dict[str, Any]]] = {_SENTENCE: {}, _SPEECH: {}}
        for field, event in found.items():
            name = field.decode()
            by_kind[name[0]][int(name[1:])] = from_json(event)
        return SpokenWords(by_kind[_SENTENCE], by_kind[_SPEECH])
