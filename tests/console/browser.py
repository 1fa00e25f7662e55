"""The browser's library in Node, called from a test.

Owns the process and the matching of answers to calls. Must not know what is tested.
"""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from tests.console.node import FOLDER, node

SECONDS: Final = 30.0
LINE_BYTES: Final = 16 * 1024 * 1024


class RefusedError(Exception):
    """A call threw ProblemError."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.status = problem.get("status")
        self.code = problem["code"]
        self.problem = problem


class Browser:
    """One client; sessions have names that the test gives them."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = count()
        self._calls: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def call(self, what: str, name: str = "", *args: Any) -> Any:
        """What a method answers. Raises RefusedError."""
        number = next(self._numbers)
        self._calls[number] = asyncio.get_running_loop().create_future()
        asked = {"number": number, "what": what, "name": name, "args": args}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        async with asyncio.timeout(SECONDS):
            found = await self._calls[number]
        if "problem" in found:
            raise RefusedError(found["problem"])
        return found["answer"]

    async def listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            found = json.loads(line)
            self._calls.pop(found["number"]).set_result(found)


@dataclass(frozen=True)
class Page:
    """One session in a browser."""

    browser: Browser
    name: str
    session_id: str
    token: str | None

    async def do(self, what: str, *args: Any) -> Any:
        return await self.browser.call(what, self.name, *args)

    async def until(self, holds: str) -> dict[str, Any]:
        """The state once `holds`, a condition in JavaScript on `state`, is true."""
        state: dict[str, Any] = await self.browser.call("until", self.name, holds)
        return state

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = await self.browser.call("state", self.name)
        return state

    async def seen(self) -> list[dict[str, Any]]:
        """What listeners were shown, from the beginning."""
        seen: list[dict[str, Any]] = await self.browser.call("seen", self.name)
        return seen


_NAMES: Final = (f"s{number}" for number in count())


async def start(browser: Browser, **body: Any) -> Page:
    """A page on a new session that follows its events."""
    name = next(_NAMES)
    found = await browser.call("start", name, body)
    await browser.call("connect", name)
    return Page(browser, name, found["id"], found["token"])


async def open_page(browser: Browser, session_id: str, token: str | None = None) -> Page:
    """A page on a session that there is, which follows nothing yet."""
    name = next(_NAMES)
    found = await browser.call("open", name, session_id, token)
    return Page(browser, name, session_id, found["token"])


@asynccontextmanager
async def browsing(**options: Any) -> AsyncIterator[Browser]:
    """A client with these options of `createClient`."""
    script = [node(), str(FOLDER / "driver.mjs"), json.dumps(options)]
    process = await asyncio.create_subprocess_exec(*script, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES)
    browser = Browser(process)
    listening = asyncio.create_task(browser.listen())
    try:
        yield browser
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening
