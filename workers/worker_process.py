"""The worker process.

Owns its start and its graceful end; what a worker is made of is `build`'s.
"""

import asyncio
import logging
import signal
from contextlib import suppress
from typing import Final

from httpx2 import AsyncClient, Limits
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client
from temporalio.client import Client

from activities.store.client import connect
from workers.attributes import register_search_attributes
from workers.build import build_worker
from workers.settings import ProviderSettings, StoreSettings, connect_engine, read

RETRY_SECONDS: Final = 0.5
KEPT_OPEN_SECONDS: Final = 30.0
"""A person's next message should not have to wait for a new connection to the provider."""

_log = logging.getLogger(__name__)


async def run_worker() -> None:
    """Serve sessions until SIGINT or SIGTERM; steps that run may end within the worker's grace."""
    store, provider = read(StoreSettings), read(ProviderSettings)
    stop = _stop_signal()
    client = await _engine_when_there(stop)
    if client is None:
        return
    await register_search_attributes(client)
    openai = AsyncOpenAI(api_key=provider.api_key, base_url=provider.base_url, http_client=_connections())
    async with build_worker(client, connect(store.url), openai):
        _log.info("the worker serves sessions")
        await stop.wait()


def _connections() -> AsyncClient:
    return DefaultAsyncHttpx2Client(
        limits=Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=KEPT_OPEN_SECONDS)
    )


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _engine_when_there(stop: asyncio.Event) -> Client | None:
    """The engine, however long it takes to come up; None when told to stop before."""
    said = False
    while not stop.is_set():
        try:
            return await connect_engine()
        except RuntimeError as error:
            if not said:
                _log.warning("the engine is not there yet: %s", error)
            said = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
    return None
