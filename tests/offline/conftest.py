from collections.abc import AsyncIterator

import pytest_asyncio
from openai import AsyncOpenAI

from workers.offline.control_client import ControlClient
from workers.offline.server import OfflineServer, OfflineSettings, running


@pytest_asyncio.fixture(scope="session")
async def offline() -> AsyncIterator[OfflineServer]:
    async with running(OfflineSettings(tokens_per_second=0, first_token_delay=0)) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def client(offline: OfflineServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=offline.url, api_key="offline", max_retries=0) as openai:
        yield openai


@pytest_asyncio.fixture(scope="session")
async def control_of_session(offline: OfflineServer) -> AsyncIterator[ControlClient]:
    async with ControlClient(offline.control_url) as control:
        yield control


@pytest_asyncio.fixture
async def control(control_of_session: ControlClient) -> AsyncIterator[ControlClient]:
    await control_of_session.reset()
    yield control_of_session
    await control_of_session.reset()
