import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.up.running import RunningUp

StartUp = Callable[..., RunningUp]


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[StartUp]:
    """Starts `up`s on one data directory; ends what is left of them."""
    started: list[RunningUp] = []

    def start(*arguments: str, **env: str) -> RunningUp:
        started.append(RunningUp(tmp_path / "data", *arguments, **env))
        return started[-1]

    yield start
    for up in started:
        up.close()


@pytest.fixture(scope="module")
def shared_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """One `up` that a module's tests look at, and whose parts they may kill."""
    folder = tmp_path_factory.mktemp("up") / "my data"
    elsewhere = {"TEMPORAL_API_KEY": "of-a-cloud", "TEMPORAL_NAMESPACE": "cloud", "TEMPORAL_TLS": "true"}
    profiles = folder.with_name("profiles")
    profiles.mkdir()
    up = RunningUp(folder, PERDURE_PROFILES=os.path.relpath(profiles), **elsewhere)
    try:
        yield up.ready()
    finally:
        up.close()
