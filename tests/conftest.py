"""What tests of more than one folder need: a store.

Owns the life of shared processes; must not hold what only one folder uses.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings
from redis.asyncio import Redis

from activities.store.client import connect
from tests.store_server import StoreServer

settings.register_profile("hunt", max_examples=1_500, print_blob=True)


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
