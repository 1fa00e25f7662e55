"""One system for the tests of the browser's library, and the library in Node."""

from collections.abc import AsyncIterator

import pytest

from tests.console.browser import Browser, browsing
from tests.system import System, ready, running_system


@pytest.fixture(scope="session")
async def whole_system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("console")
    async with running_system(folder, env={"PERDURE_RETRY_INITIAL": "0.5"}, speech=True) as system:
        yield system


@pytest.fixture
async def system(whole_system: System) -> AsyncIterator[System]:
    """The system, whole again after each test."""
    yield whole_system
    for part in whole_system.parts.values():
        if part.process is not None and part.process.poll() is not None:
            part.start()
    await whole_system.forget_model_calls()
    await ready(whole_system)


@pytest.fixture
async def browser(system: System) -> AsyncIterator[Browser]:
    async with browsing(baseUrl=f"{system.api_url}/", firstWaitMs=100, longestWaitMs=1000) as browser:
        yield browser
