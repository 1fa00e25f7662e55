"""The API process.

Owns its start, its end, and that it is never open to strangers by accident; what it is made of is `api`'s.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from socket import socket
from time import monotonic
from typing import Final

import uvicorn

from activities.store.client import connect
from api.app import create_app
from api.gate import MAX_BODY
from api.options import ApiOptions
from api.profile_files import ProfileError, load_profiles
from api.sse import HEARTBEAT_SECONDS
from workers.sdk_metrics import counting_runtime
from workers.settings import ApiSettings, SettingsError, StoreSettings, connect_engine, read
from workflows.contract.profile import Profile

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
STREAM_GRACE_SECONDS: Final = 2
FIRST_REQUEST_SECONDS: Final = 0.5
"""How long an ending process waits for the request of who is connected and has not yet asked."""
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than clients and proxies keep an idle connection: who ends it may be asked just then."""
MAX_FRAME: Final = 4 * MAX_BODY
"""Of a WebSocket, which ends with 1009 beyond; a frame above MAX_BODY is answered that it is too large."""

_log = logging.getLogger(__name__)


async def run_api(host: str, port: int) -> None:
    """Serve the API until SIGINT or SIGTERM."""
    settings, store = read(ApiSettings), read(StoreSettings)
    runtime, sdk_metrics = counting_runtime()
    options = replace(api_options(settings, host), sdk_metrics=sdk_metrics)
    client = await connect_engine(lazy=True, runtime=runtime)
    app = create_app(options, client, connect(store.url))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STREAM_GRACE_SECONDS,
        ws_max_size=MAX_FRAME,
        ws_ping_interval=HEARTBEAT_SECONDS,
        # Deltas are small: packing them costs time and memory for each socket, and saves nothing.
        ws_per_message_deflate=False,
    )
    context = app.state.context
    await _Server(config, (context.hub.close, context.tenants.close)).serve()


class _Server(uvicorn.Server):
    """Ends so that nobody notices: hears whom it let in, and ends streams before it waits for them to end."""

    def __init__(self, config: uvicorn.Config, end_streams: Iterable[Callable[[], None]]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        for end_stream in self._end_streams:
            end_stream()
        await self._hear_first_requests()
        await super().shutdown(sockets)

    async def _hear_first_requests(self) -> None:
        self.server_state.default_headers.append((b"connection", b"close"))
        end = monotonic() + FIRST_REQUEST_SECONDS
        # Uvicorn tells nobody when a request arrives.
        while any(map(_has_not_asked, self.server_state.connections)) and monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(FIRST_REQUEST_SECONDS / 50)


def _has_not_asked(connection: object) -> bool:
    """Uvicorn ends such a connection without a word; a WebSocket has asked already."""
    return getattr(connection, "cycle", connection) is None


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
        profiles=_profiles(settings),
        model=settings.model,
        keys=settings.tenant_keys(),
        allowed_origins=settings.allowed_origins,
        allowed_hosts=(*settings.allowed_hosts, host),
        temporal_ui=settings.temporal_ui,
        retries=settings.retries(),
        retention=timedelta(seconds=settings.retention),
        heartbeat_timeout=timedelta(seconds=settings.heartbeat_timeout),
        transcribes=settings.transcription_model is not None,
        up_record=settings.up_record,
    )


def _profiles(settings: ApiSettings) -> dict[str, Profile]:
    try:
        return load_profiles(settings.profiles)
    except ProfileError as error:
        raise SettingsError(str(error)) from error
