"""What tests of the event log share: its parts, and a session id that no other test has."""

from uuid import uuid4

import pytest
from redis.asyncio import Redis

from activities import lines
from activities.store.listing import Listing
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from tests.store.attempts import Stage
from tests.store.faulty_log import FaultyLog


@pytest.fixture
def session_id() -> str:
    return uuid4().hex


@pytest.fixture
def log(redis: "Redis") -> FaultyLog:
    """Works until a test tells it to fail."""
    return FaultyLog(redis)


@pytest.fixture
def reader(redis: "Redis") -> LogReader:
    return LogReader(redis)


@pytest.fixture
def projection(redis: "Redis") -> Projection:
    return Projection(redis)


@pytest.fixture
def listing(redis: "Redis") -> Listing:
    return Listing(redis)


@pytest.fixture
def stage(log: FaultyLog, reader: LogReader, projection: Projection, session_id: str) -> Stage:
    return Stage(log, reader, projection, session_id)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away is tried again at once."""
    monkeypatch.setattr(lines, "AWAY_SECONDS", 0.01)
