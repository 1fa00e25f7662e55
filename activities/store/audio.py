"""Audio of sessions: kept once under a hash of what it says or is, gone with its session.

Owns that hash, and that a session which was deleted gets no audio. Must not know how audio is made or read.
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json, to_json
from redis.asyncio import Redis

from activities.store import keys
from activities.store.client import patience

ID_BYTES: Final = 24
_FACTS: Final = ":facts"
_PUT: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then return false end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[3]) == 1 then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
end
return redis.call('HGET', KEYS[1], ARGV[1])
"""


class SessionGoneError(Exception):
    """The session was deleted; nothing is kept for it."""


@dataclass(frozen=True)
class Audio:
    """Bytes of one format."""

    content: bytes
    format: str
    duration_ms: int
    """0 where nobody knows."""


@dataclass(frozen=True)
class AudioFacts:
    """What is known of audio that is kept."""

    format: str
    duration_ms: int
    size: int
    """In bytes."""
    digest: str
    """Of the bytes."""

    @classmethod
    def of(cls, audio: Audio) -> "AudioFacts":
        """What there is to know of `audio`."""
        return cls(audio.format, audio.duration_ms, len(audio.content), _digest(audio.content))


def recording_id(content: bytes) -> str:
    """The id of a recording: the same bytes are kept once."""
    return _digest(content)


def audio_id(text: str, model: str, voice: str, speed: float) -> str:
    """The id of the audio of `text`, said so: 32 letters, digits, `-` and `_`."""
    return _digest(to_json([text, model, voice, float(speed)]))


class AudioStore:
    """Audio of all sessions. Raises StoreUnavailableError when the store does not answer."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._put = redis.register_script(_PUT)

    async def put(self, session_id: str, audio_id: str, audio: Audio) -> AudioFacts:
        """Keep `audio`, unless this id has some already; what is kept. Raises SessionGoneError."""
        facts = to_json(AudioFacts.of(audio))
        async with patience():
            kept = await self._put(
                keys=[keys.audio(session_id), keys.gone(session_id)],
                args=[audio_id + _FACTS, audio_id, facts, audio.content],
            )
        if kept is None:
            raise SessionGoneError
        return _facts(kept)

    async def find(self, session_id: str, audio_id: str) -> AudioFacts | None:
        """What is known of the audio of this id, without its bytes."""
        async with patience():
            found: Any = await self._redis.hget(keys.audio(session_id), audio_id + _FACTS)
        return _facts(found) if found else None

    async def get(self, session_id: str, audio_id: str) -> bytes | None:
        """The bytes of the audio of this id."""
        async with patience():
            found: Any = await self._redis.hget(keys.audio(session_id), audio_id)
        return bytes(found) if found else None


def _facts(kept: bytes) -> AudioFacts:
    known = from_json(kept)
    return AudioFacts(**{name: known[name] for name in AudioFacts.__dataclass_fields__})


def _digest(content: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(content).digest()[:ID_BYTES]).decode()
