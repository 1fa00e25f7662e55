"""Speech's own parts: a server of voices, a store of audio, and the activity over both."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from openai import AsyncOpenAI
from redis.asyncio import Redis

from activities.speech import Speaking
from activities.store.audio import AudioStore
from activities.store.spoken import Spoken
from activities.voices import Voices
from tests.speech.voice_server import VoiceServer, serving_voices


@pytest.fixture
def session_id() -> str:
    return uuid4().hex


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with serving_voices() as voices:
        yield voices


@pytest.fixture
def store(redis: "Redis") -> AudioStore:
    return AudioStore(redis)


@pytest.fixture
async def speaking(server: VoiceServer, store: AudioStore, redis: "Redis") -> AsyncIterator[Speaking]:
    async with AsyncOpenAI(api_key="a key", base_url=server.url) as client:
        yield Speaking(store, Spoken(redis), Voices(client, "tones", "sine"))
