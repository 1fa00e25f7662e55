"""What was told and spoken of a session, sentence by sentence.

Owns the reading; the event log's scripts write it, with the events. Must not know the log.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience

_SENTENCE: Final = "s"
_SPEECH: Final = "a"


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
        """The turn that told a sentence; None when nothing is known of it.

        0 where the store lost what was told, and was told of its audio again.
        """
        async with patience():
            found: Any = await self._redis.hmget(
                keys.spoken(session_id), [f"{_SENTENCE}{index}", f"{_SPEECH}{index}"]
            )
        told, announced = found
        if told is None:
            return None if announced is None else 0
        turn: int = from_json(told)["turn"]
        return turn

    async def may_have_lost(self, session_id: str, index: int) -> bool:
        """Whether a sentence that is not known may have been: nothing is, or a later one."""
        async with patience():
            known: Any = await self._redis.hkeys(keys.spoken(session_id))
        return not known or any(int(field[1:]) > index for field in known)

    async def speech(self, session_id: str) -> Mapping[int, dict[str, Any]]:
        """What was announced of speech, by the index of its sentence: the events."""
        async with patience():
            found: Any = await self._redis.hgetall(keys.spoken(session_id))
        events = ((field.decode(), event) for field, event in found.items())
        return {
            int(name.removeprefix(_SPEECH)): from_json(event)
            for name, event in events
            if name.startswith(_SPEECH)
        }
