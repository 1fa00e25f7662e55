"""The worker process.

Owns its start and its graceful end; what a worker is made of is `build`'s.
"""

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Final

from httpx2 import AsyncClient, Limits
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client
from temporalio.client import Client
from temporalio.runtime import Runtime

from activities.metrics_page import MEDIA_TYPE, metrics_page
from activities.store.client import connect
from activities.transcriber import Transcriber
from activities.voices import Voices
from workers.attributes import register_search_attributes
from workers.build import build_worker
from workers.metrics_server import serving_metrics
from workers.sdk_metrics import counting_runtime
from workers.settings import (
    MetricsSettings,
    ProviderSettings,
    SettingsError,
    SpeechSettings,
    StoreSettings,
    TranscriptionSettings,
    connect_engine,
    read,
)

RETRY_SECONDS: Final = 0.5
KEPT_OPEN_SECONDS: Final = 30.0
"""A person's next message should not have to wait for a new connection to the provider."""

_log = logging.getLogger(__name__)


async def run_worker() -> None:
    """Serve sessions until SIGINT or SIGTERM; steps that run may end within the worker's grace."""
    store, provider, metrics = read(StoreSettings), read(ProviderSettings), read(MetricsSettings)
    speech = read(SpeechSettings)
    stop = _stop_signal()
    with _scraped(metrics.place) as runtime:
        client = await _engine_when_there(stop, runtime)
        if client is not None:
            await _serve(client, store, provider, speech, stop)


async def _serve(
    client: Client,
    store: StoreSettings,
    provider: ProviderSettings,
    speech: SpeechSettings,
    stop: asyncio.Event,
) -> None:
    await register_search_attributes(client)
    openai = AsyncOpenAI(api_key=provider.api_key, base_url=provider.base_url, http_client=_connections())
    speaker = AsyncOpenAI(api_key=speech.api_key, base_url=speech.base_url, http_client=_connections())
    voices = Voices(speaker, speech.model, speech.voice)
    async with build_worker(client, connect(store.url), openai, voices, _transcriber()):
        _log.info("the worker serves sessions")
        await stop.wait()


@contextmanager
def _scraped(place: tuple[str, int] | None) -> Iterator[Runtime | None]:
    """Serve metrics at `place`, if any; the runtime that counts for them."""
    if place is None:
        yield None
        return
    runtime, sdk_url = counting_runtime()
    with ExitStack() as serving:
        try:
            serving.enter_context(serving_metrics(*place, partial(metrics_page, sdk_url), MEDIA_TYPE))
        except OSError as error:
            where = ":".join(map(str, place))
            raise SettingsError(
                f"PERDURE_METRICS: {where} cannot be listened on ({error.strerror})"
            ) from error
        yield runtime


def _transcriber() -> Transcriber:
    settings = read(TranscriptionSettings)
    client = AsyncOpenAI(api_key=settings.api_key, base_url=settings.base_url, http_client=_connections())
    return Transcriber(client, settings.model)


def _connections() -> AsyncClient:
    return DefaultAsyncHttpx2Client(
        limits=Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=KEPT_OPEN_SECONDS)
    )


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _engine_when_there(stop: asyncio.Event, runtime: Runtime | None) -> Client | None:
    """The engine, however long it takes to come up; None when told to stop before."""
    said = False
    while not stop.is_set():
        try:
            return await connect_engine(runtime=runtime)
        except RuntimeError as error:
            if not said:
                _log.warning("the engine is not there yet: %s", error)
            said = True
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS):
                await stop.wait()
    return None
