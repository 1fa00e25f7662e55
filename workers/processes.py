"""The two processes of a deployment: a worker, and an API.

Owns their start and their graceful end; what they are made of is `build`'s and `api.app`'s.
"""

import asyncio
import logging
import signal
from contextlib import suppress
from typing import Final

import uvicorn
from temporalio.client import Client

from activities.store.client import connect
from api.app import create_app
from api.options import ApiOptions
from api.profile_files import load_profiles
from workers.attributes import register_search_attributes
from workers.build import build_worker
from workers.settings import (
    ApiSettings,
    ProviderSettings,
    SettingsError,
    StoreSettings,
    connect_engine,
    read,
)

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
RETRY_SECONDS: Final = 0.5
STREAM_GRACE_SECONDS: Final = 2

_log = logging.getLogger(__name__)


def set_up_logging() -> None:
    """One line an event, on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)


async def run_worker() -> None:
    """Serve sessions until SIGINT or SIGTERM; steps that run may end within the worker's grace."""
    store, provider = read(StoreSettings), read(ProviderSettings)
    stop = _stop_signal()
    client = await _engine_when_there(stop)
    if client is None:
        return
    await register_search_attributes(client)
    async with build_worker(client, connect(store.url), provider.client()):
        _log.info("the worker serves sessions")
        await stop.wait()


async def run_api(host: str, port: int) -> None:
    """Serve the API until SIGINT or SIGTERM."""
    settings, store = read(ApiSettings), read(StoreSettings)
    options = api_options(settings, host)
    client = await connect_engine(lazy=True)
    config = uvicorn.Config(
        create_app(options, client, connect(store.url)),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STREAM_GRACE_SECONDS,
    )
    await uvicorn.Server(config).serve()


def api_options(settings: ApiSettings, host: str) -> ApiOptions:
    """What the API is told. Raises SettingsError where it would be open to strangers."""
    if settings.secret is None:
        raise SettingsError("PERDURE_SECRET is not set; give every API process the same long random text")
    if not settings.keys:
        if host not in LOOPBACK:
            raise SettingsError(f"without PERDURE_API_KEYS the API binds to loopback only, not to {host}")
        _log.info("no API keys: everybody on this machine may do everything")
    return ApiOptions(
        secret=settings.secret,
        profiles=load_profiles(settings.profiles),
        model=settings.model,
        keys=settings.tenant_keys(),
        allowed_origins=settings.allowed_origins,
        allowed_hosts=(*settings.allowed_hosts, host),
        temporal_ui=settings.temporal_ui,
        retries=settings.retries(),
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
