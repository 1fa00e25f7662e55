"""Owns the offline model as a server: which paths it serves, and that it forgets its work when it stops.

Must not take the process's signals: who runs it decides when it stops.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from workers.offline.control import control_routes
from workers.offline.model import OfflineModel
from workers.offline.routes import routes
from workers.offline.serving import serving
from workers.offline.settings import OfflineSettings

__all__ = ["OfflineServer", "OfflineSettings", "running"]


@dataclass(frozen=True)
class OfflineServer:
    """A server that accepts requests; tests in the same process may also reach its model."""

    url: str
    """What OPENAI_BASE_URL takes: ends with `/v1`."""
    control_url: str
    """Where `/_script`, `/_requests` and `/_stats` are."""
    model: OfflineModel


@asynccontextmanager
async def running(
    settings: OfflineSettings, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[OfflineServer]:
    """Serve the offline model until the block is left; port 0 takes a free one. OSError when none is free."""
    model = OfflineModel(settings)
    async with serving([*routes(model), *control_routes(model)], host, port) as base:
        try:
            yield OfflineServer(url=f"{base}/v1", control_url=base, model=model)
        finally:
            await model.close()
