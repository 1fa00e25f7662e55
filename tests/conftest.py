"""What tests of more than one folder need: a store, and an end.

Owns the life of shared processes; must not hold what only one folder uses.
"""

import faulthandler
import os
from collections.abc import AsyncIterator, Generator, Iterator
from threading import Timer
from typing import Final

import pytest
from redis.asyncio import Redis

from activities.store.client import connect
from tests import effort
from tests.store_server import StoreServer

effort.begin()
# What helpers assert is told with its values, as what tests assert is.
pytest.register_assert_rewrite("tests.cli", "tests.console", "tests.heard", "tests.reducer", "tests.viewer")

HANGS_AFTER_SECONDS: Final = 600
"""More than any test takes, failing and cleaning up behind itself."""
_STDERR: Final = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STDERR] = os.dup(2)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the process of a test that hangs: its timer stops once it failed, before its teardown."""
    end = Timer(HANGS_AFTER_SECONDS, _end, (item.nodeid, item.config.stash[_STDERR]))
    end.daemon = True
    end.start()
    try:
        return (yield)
    finally:
        end.cancel()


def _end(name: str, stderr: int) -> None:
    os.write(stderr, f"\n{name} hangs:\n".encode())
    faulthandler.dump_traceback(stderr)
    os._exit(1)


@pytest.fixture(scope="session")
def _store_of_all_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    server = StoreServer(tmp_path_factory.mktemp("store"))
    yield server
    server.close()


@pytest.fixture
def store_server(_store_of_all_tests: StoreServer) -> Iterator[StoreServer]:
    """The store of all tests: use session ids of your own. One that was killed is started for the next."""
    yield _store_of_all_tests
    if not _store_of_all_tests.alive:
        _store_of_all_tests.restart()


@pytest.fixture
async def redis(store_server: StoreServer) -> AsyncIterator["Redis"]:
    """A client of the store, as the product makes it."""
    client = connect(store_server.url)
    yield client
    await client.aclose()
