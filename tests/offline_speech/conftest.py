from collections.abc import AsyncIterator

import pytest_asyncio
from openai import AsyncOpenAI

from workers.offline.control_client import ControlClient
from workers.offline_speech.server import OfflineSpeechServer, SpeechSettings, running


@pytest_asyncio.fixture(scope="session")
async def speech() -> AsyncIterator[OfflineSpeechServer]:
    async with running(SpeechSettings()) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def client(speech: OfflineSpeechServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=speech.url, api_key="offline", max_retries=0) as openai:
        yield openai


@pytest_asyncio.fixture
async def control(speech: OfflineSpeechServer) -> AsyncIterator[ControlClient]:
    async with ControlClient(speech.control_url) as control:
        await control.reset()
        yield control
        await control.reset()
