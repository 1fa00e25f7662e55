"""Transcription's own parts: a server of transcripts, a store of audio, and the activity over both."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from openai import AsyncOpenAI
from redis.asyncio import Redis

from activities.store.audio import AudioStore
from activities.transcriber import Transcriber
from activities.transcription import Transcription
from tests.transcription.transcript_server import TranscriptServer, serving_transcripts


@pytest.fixture
def session_id() -> str:
    return uuid4().hex


@pytest.fixture
async def server() -> AsyncIterator[TranscriptServer]:
    async with serving_transcripts() as transcripts:
        yield transcripts


@pytest.fixture
def store(redis: "Redis") -> AudioStore:
    return AudioStore(redis)


@pytest.fixture
async def transcription(server: TranscriptServer, store: AudioStore) -> AsyncIterator[Transcription]:
    async with AsyncOpenAI(api_key="a key", base_url=server.url) as client:
        yield Transcription(store, Transcriber(client, "ears"))
