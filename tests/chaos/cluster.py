"""The system under test: two workers and two API processes, each on lines of its own to what it needs.

Owns its construction; must not break it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.chaos.proxy import Link, running_links
from tests.chaos.schedule import APIS, ENGINE, MODEL, STORE, WORKERS, link
from tests.ports import free_port
from tests.system import Part, System, build_system, ready

SHORT_RETRIES: Final = {
    # A provider's failure should be over before the run is.
    "PERDURE_RETRY_INITIAL": "0.5",
    "PERDURE_RETRY_MAX": "4",
    "PERDURE_RETRY_TOTAL": "3600",
}
WORKER: Final = (sys.executable, "-m", "workers", "worker")


@dataclass(frozen=True)
class Cluster:
    """A running system, its lines, and where its API processes are."""

    system: System
    links: dict[str, Link]
    api_urls: tuple[str, ...]

    def http(self, url: str) -> httpx2.AsyncClient:
        """A client of one API process that many may share."""
        unlimited: Any = httpx2.Limits(max_connections=None, max_keepalive_connections=50)
        return self.system.http(base_url=url, limits=unlimited)

    def fenced(self) -> int:
        """Attempts that the log refused because another had taken over, by the workers' own logs."""
        logs = (self.system.folder / f"{worker}.log" for worker in WORKERS)
        return sum(
            log.read_text("utf-8", errors="replace").count("ApplicationError: fenced:") for log in logs
        )


@asynccontextmanager
async def running_cluster(
    folder: Path, tokens_per_second: float, worker: Sequence[str] = WORKER
) -> AsyncIterator[Cluster]:
    """A cluster that answers, whose workers are started by `worker`; everything is gone afterwards."""
    system = _without_workers(folder, tokens_per_second)
    async with running_links(_targets(system)) as links:
        api_ports = {name: free_port() for name in APIS}
        for name in WORKERS:
            _add(system, links, name, worker)
        for name, port in api_ports.items():
            _add(system, links, name, (*WORKER[:-1], "api", "--port", str(port)))
        urls = tuple(f"http://127.0.0.1:{port}" for port in api_ports.values())
        try:
            for part in system.parts.values():
                part.start()
            for url in urls:
                system.api_url = url
                await ready(system)
            yield Cluster(system, links, urls)
        finally:
            await _stop(system)


def _without_workers(folder: Path, tokens_per_second: float) -> System:
    folder.mkdir(parents=True, exist_ok=True)
    system = build_system(folder, tokens_per_second=tokens_per_second, env=SHORT_RETRIES)
    del system.parts["worker"], system.parts["api"]
    return system


async def _stop(system: System) -> None:
    """Those that serve clients first; nobody is waited for longer than it takes."""
    serving, below = (*WORKERS, *APIS), (STORE, ENGINE, MODEL)
    for names in (serving, below):
        stopping = [asyncio.to_thread(system.parts[name].stop) for name in names]
        await asyncio.gather(*stopping, return_exceptions=True)


def _targets(system: System) -> dict[str, int]:
    store, engine, model = (
        int(url.rpartition(":")[2]) for url in (system.store_url, system.engine_address, system.model_url)
    )
    ports = {STORE: store, ENGINE: engine}
    return {
        **{link(name, server): port for name in (*WORKERS, *APIS) for server, port in ports.items()},
        **{link(name, MODEL): model for name in WORKERS},
    }


def _add(system: System, links: dict[str, Link], name: str, argv: Sequence[str]) -> None:
    env = {
        **system.env,
        "REDIS_URL": f"redis://127.0.0.1:{links[link(name, STORE)].port}",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{links[link(name, ENGINE)].port}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH")))),
    }
    if name in WORKERS:
        env["OPENAI_BASE_URL"] = f"http://127.0.0.1:{links[link(name, MODEL)].port}/v1"
    system.parts[name] = Part(name, argv, env, system.folder)
