"""One system for the tests of the browser's library and of the console, Node, Chromium, and React in it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.console.axe import Axe, axe_source, violations
from tests.console.browser import Browser, browsing
from tests.console.chromium import OpenPage, fresh_page, launched, quiet
from tests.console.react_pages import OpenTab, Tab, bundled, open_app
from tests.system import System, running_system

if TYPE_CHECKING:  # as in chromium.py
    from playwright import async_api

    from tests.console.person import Person

PROFILES: Final = {
    # Its provider cannot go on with an answer after a crash.
    "plain": "agents: [{name: assistant, instructions: Be brief.}]\nmodel: {mode: plain}\n",
    "walk": """
agents: [{name: guide, instructions: You guide a short walk.}]
limits: {max_duration: 3600}
phases:
  - {name: setting_out, sentences: 12, duration: 60, instructions: Set out., transition: Go on.}
  - {name: coming_home, sentences: 40, duration: 300, instructions: Come home., transition: Say good-bye.}
""",
}


@pytest.fixture(scope="session")
async def whole_system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("console")
    profiles = folder / "profiles"
    profiles.mkdir()
    for name, profile in PROFILES.items():
        (profiles / f"{name}.yaml").write_text(f"name: {name}\n{profile}", "utf-8")
    env = {
        "PERDURE_RETRY_INITIAL": "0.5",
        "PERDURE_PROFILES": str(profiles),
        "PERDURE_UP_RECORD": str(folder / "up.json"),
    }
    async with running_system(folder, env=env, speech=True) as system:
        yield system


@pytest.fixture
async def system(whole_system: System) -> AsyncIterator[System]:
    """The system, whole again after each test."""
    yield whole_system
    await whole_system.mend()


@pytest.fixture
async def browser(system: System) -> AsyncIterator[Browser]:
    async with browsing(baseUrl=f"{system.api_url}/", firstWaitMs=100, longestWaitMs=1000) as browser:
        yield browser


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator["async_api.Browser"]:
    """One browser process for all tests."""
    async with launched() as browser:
        yield browser


@pytest.fixture
async def open_page(chromium: "async_api.Browser") -> AsyncIterator[OpenPage]:
    """Opens pages that share nothing, with Playwright's options of `new_context`."""
    async with AsyncExitStack() as opened:

        async def open_one(**options: Any) -> "async_api.Page":
            return await opened.enter_async_context(fresh_page(chromium, **options))

        yield open_one


@pytest.fixture
async def page(open_page: OpenPage) -> "async_api.Page":
    """A page that nobody used before."""
    return await open_page()


@pytest.fixture
async def person(page: "async_api.Page", system: System) -> "Person":
    """Somebody in front of the console, who has not looked at it yet."""
    from tests.console.person import Person  # noqa: PLC0415  it skips where Chromium's driver is missing

    return await Person.before(page, system.api_url)


@pytest.fixture(scope="session")
def _axe_source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe_source(tmp_path_factory.mktemp("axe"))


@pytest.fixture(scope="session")
def axe(_axe_source: str) -> Axe:
    """Runs axe-core on a page: what people would stumble over."""
    return lambda page: violations(page, _axe_source)


@pytest.fixture(scope="session", params=["18.3.1", "19.3.1"])
def react(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app that shows one session, with each version of React that is supported."""
    return bundled(tmp_path_factory.mktemp("react"), request.param)


@pytest.fixture
async def open_tab(react: str, open_page: OpenPage, system: System) -> AsyncIterator[OpenTab]:
    """Opens tabs of the app, in which nothing may go wrong but requests."""
    tabs: list[Tab] = []

    async def open_one() -> Tab:
        tabs.append(await open_app(await open_page(), system.api_url, react))
        return tabs[-1]

    yield open_one
    for tab in tabs:
        await quiet(tab.page, "^Failed to load resource")


@pytest.fixture
async def tab(open_tab: OpenTab) -> Tab:
    return await open_tab()
