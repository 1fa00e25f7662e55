"""One system for all tests of the command line, and what a shell sees of a command."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from tests.cli.person import Person
from tests.system import ROOT, System, running_system
from workers.cli import app

TOKENS_PER_SECOND = 500
SLOWLY = {"tokens_per_second": 60}


@pytest.fixture(scope="session")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("cli")
    retries = {"PERDURE_RETRY_INITIAL": "1", "PERDURE_RETRY_MAX": "3"}
    async with running_system(folder, tokens_per_second=TOKENS_PER_SECOND, env=retries) as system:
        yield system


@dataclass
class Shell:
    """Runs commands as a shell does, and makes sessions without one."""

    system: System
    http: httpx2.Client

    def env(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PERDURE")}
        return {**kept, "PERDURE_URL": self.system.api_url, "NO_COLOR": "1", **more}

    def run(self, *arguments: str, stdin: str = "", **env: str) -> Result:
        """In this process: the same commands, without the start of an interpreter."""
        return CliRunner().invoke(app, arguments, input=stdin, env=self.env(**env))

    def spawn(self, *arguments: str, stdin: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        """In a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "workers", *arguments],
            env=self.env(**env),
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def at_terminal(self, *arguments: str, columns: int = 80, rows: int = 24, **env: str) -> Person:
        return Person(arguments, self.env(**env), columns, rows)

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        response = self.http.request(method, f"{self.system.api_url}/v1{path}", json=body or None)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    def session(self, *said: str, **body: Any) -> dict[str, Any]:
        """A session in which these messages are answered."""
        session = self.call("POST", "/sessions", **(body or {"metadata": {}}))
        for text in said:
            assert self.run("send", session["session_id"], text).exit_code == 0
        return session

    def forget_script(self) -> None:
        """What an earlier test has left is not this one's."""
        self.http.delete(f"{self.system.model_url}/_script").raise_for_status()

    def script(self, *behaviours: dict[str, Any]) -> None:
        """Make the model behave so at its next calls."""
        self.http.post(f"{self.system.model_url}/_script", json=list(behaviours)).raise_for_status()


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=20) as client:
        yield client


@pytest.fixture
def shell(system: System, http: httpx2.Client) -> Shell:
    http.delete(f"{system.model_url}/_script")
    return Shell(system, http)
