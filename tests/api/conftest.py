"""One whole system for all tests of the API, and APIs of other configurations over its engine and store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis
from temporalio.client import Client

from api.app import create_app
from api.options import ApiOptions
from api.profile_files import load_profiles
from tests.ports import free_port
from tests.system import System, running_system
from tests.transcription.transcript_server import TranscriptServer, serving_transcripts
from workers.api_process import KEEP_ALIVE_SECONDS

DUO = """
name: duo
agents: [{name: guide, instructions: Guide.}, {name: critic, instructions: Doubt.}]
limits: {idle_timeout: 600, max_duration: 3600, max_messages: 100}
settings: [effort]
"""
FIXED = """
name: fixed
agents: [{name: assistant, instructions: Be brief.}]
settings: []
"""

MakeApp = Callable[..., FastAPI]
Serve = Callable[[FastAPI], AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture(scope="session")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "duo.yaml").write_text(DUO, "utf-8")
    (folder / "fixed.yaml").write_text(FIXED, "utf-8")
    return folder


@pytest.fixture(scope="session")
async def transcripts() -> AsyncIterator[TranscriptServer]:
    async with serving_transcripts() as server:
        yield server


@pytest.fixture(scope="session")
async def system(
    tmp_path_factory: pytest.TempPathFactory, profiles: Path, transcripts: TranscriptServer
) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("api")
    env = {
        "PERDURE_PROFILES": str(profiles),
        "PERDURE_RETRY_INITIAL": "0.2",
        "PERDURE_TRANSCRIPTION_MODEL": "ears",
        "OPENAI_TRANSCRIPTION_BASE_URL": transcripts.url,
    }
    async with running_system(folder, env=env, speech=True) as whole:
        yield whole


@pytest.fixture(scope="session")
async def http(system: System) -> AsyncIterator[httpx2.AsyncClient]:
    async with system.http(limits=httpx2.Limits(max_connections=None)) as client:
        yield client


@pytest.fixture(scope="session")
async def engine(system: System) -> Client:
    return await system.engine()


@pytest.fixture(scope="session")
async def redis(system: System) -> AsyncIterator["Redis"]:
    client = system.redis()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def make_app(system: System, profiles: Path, engine: Client, redis: "Redis") -> MakeApp:
    """Makes an app of another configuration over the same engine and store."""

    def make(client: Client = engine, store: "Redis" = redis, **options: Any) -> FastAPI:
        told = {"secret": system.env["PERDURE_SECRET"], "model": "perdure-offline", **options}
        return create_app(ApiOptions(profiles=load_profiles(profiles), **told), client, store)

    return make


def asking(app: FastAPI, **options: Any) -> httpx2.AsyncClient:
    """A client that hands its requests to `app` directly; for answers that end."""
    defaults: dict[str, Any] = {"transport": httpx2.ASGITransport(app), "base_url": "http://127.0.0.1:8080"}
    return httpx2.AsyncClient(**(defaults | options))


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Serves an app of this process over HTTP, as the API process does; for streams."""

    @asynccontextmanager
    async def serving(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
        port = free_port()
        config = uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1)
        config.timeout_keep_alive = KEEP_ALIVE_SECONDS
        server = _Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
        server.should_exit = True
        await running

    return serving
