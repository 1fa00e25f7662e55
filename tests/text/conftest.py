import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from activities.safety.filter import SafetyFilter
from activities.safety.moderations import Moderations
from workers.offline.control_client import ControlClient
from workers.offline.server import OfflineServer, OfflineSettings, running
from workflows.contract.safety import Safety

Filter = Callable[..., SafetyFilter]


@pytest_asyncio.fixture(scope="session")
async def offline() -> AsyncIterator[OfflineServer]:
    async with running(OfflineSettings(tokens_per_second=0, first_token_delay=0)) as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def moderations(offline: OfflineServer) -> AsyncIterator[Moderations]:
    async with AsyncOpenAI(base_url=offline.url, api_key="offline") as openai:
        yield Moderations(openai)


@pytest_asyncio.fixture(scope="session")
async def control_of_session(offline: OfflineServer) -> AsyncIterator[ControlClient]:
    async with ControlClient(offline.control_url) as control:
        yield control


@pytest_asyncio.fixture
async def control(control_of_session: ControlClient) -> AsyncIterator[ControlClient]:
    await control_of_session.reset()
    yield control_of_session
    await control_of_session.reset()


@pytest.fixture
def safety_filter(moderations: Moderations) -> Filter:
    """A filter; its `rules` by name, and the settings as a profile writes them."""

    def build(said: str = "", rules: dict[str, str] | None = None, **settings: Any) -> SafetyFilter:
        named = [{"name": name, "pattern": pattern} for name, pattern in (rules or {}).items()]
        return SafetyFilter(Safety.model_validate({"rules": named, **settings}), moderations, said)

    return build


@pytest.fixture
def asked(control: ControlClient) -> Callable[[], Any]:
    """What moderation was asked, request by request."""

    async def inputs() -> list[list[str]]:
        return [record["body"]["input"] for record in await control.requests()]

    return inputs


async def until_asked(control: ControlClient, times: int) -> None:
    async with asyncio.timeout(5):
        while (await control.stats())["moderations"] < times:
            await asyncio.sleep(0.005)
