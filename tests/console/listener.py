"""A page on which somebody listens to a session that really speaks.

Owns the page, what was noted there, and how tests ask for it. Must not know what is tested.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest

from api.routes.console import POLICY
from tests.console.chromium import OpenPage, observed, quiet, until
from tests.console.node import FOLDER, LIBRARY
from tests.system import System

if TYPE_CHECKING:  # as in chromium.py
    from playwright.async_api import Page, Route

HTML: Final = (
    "<!doctype html><html lang='en'><title>Listening</title><main></main>"
    "<link rel='icon' href='/console/page/icon.svg'>"
    "<link rel='stylesheet' href='/console/page/console.css'>"
    "<link rel='stylesheet' href='/console/page/voice.css'>"
    "<script type='module' src='/console/listening_page.js'></script></html>"
)
KINDS: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FAILED_REQUEST: Final = r"^Failed to load resource"
"""As the console shows it: parts are killed, and what is refused is looked at by tests themselves."""
SECONDS: Final = 20.0
SENTENCES: Final = (
    "The first bird sings in the morning.",
    "The second one answers from the wood.",
    "A third bird listens to both of them.",
    "And the fourth flies over the river.",
)
ANSWER: Final = " ".join(SENTENCES)
LONG_ANSWER: Final = f"{ANSWER} {ANSWER.replace('bird', 'cat')}"
PLAYERS_PATIENCE_SECONDS: Final = 5.0


@dataclass
class Listener:
    """A page that follows one session; `code` and conditions are JavaScript in it."""

    page: "Page"
    system: System
    session_id: str

    async def do(self, code: str, *given: Any) -> Any:
        """What `code` is, where `a` and `b` are what is given."""
        return await self.page.evaluate(f"([a, b]) => {code}", [*given, None, None])

    async def until(self, holds: str, seconds: float = SECONDS) -> Any:
        """Raises TimeoutError."""
        return await until(self.page, holds, seconds)

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name).click()

    async def sounds(self) -> list[dict[str, Any]]:
        sounds: list[dict[str, Any]] = await self.do("sounds()")
        return sounds

    async def speech(self) -> list[dict[str, Any]]:
        speech: list[dict[str, Any]] = await self.do("session.state.speech")
        return speech

    async def asked(self, name: str) -> list[dict[str, Any]]:
        """What the player asked of the session by the method `name`."""
        asked: list[dict[str, Any]] = await self.do(f"asked.filter(({{ name }}) => name === '{name}')")
        return asked

    async def say(self, **more: Any) -> None:
        assert await self.post("messages", {"content": "Tell me about birds.", **more}) == 202

    async def ask(self, answer: str = ANSWER, **more: Any) -> None:
        """A question, and what is answered."""
        await self.system.script(text=answer)
        await self.say(**more)

    async def post(self, action: str, body: Mapping[str, Any]) -> int:
        async with self.system.http() as http:
            return (await http.post(f"/v1/sessions/{self.session_id}/{action}", json=body)).status_code

    async def hears_all(self, sentences: int = len(SENTENCES)) -> None:
        """Until so many are announced, and everything is heard."""
        is_over = (
            "player.state.isOn && !player.state.isPlaying && !player.state.ahead && !player.state.goesOnUntil"
        )
        await self.until(f"session.state.speech.length >= {sentences}", 40)
        # The player hears of news with the next frame.
        await self.until(f"new Promise((tell) => setTimeout(() => tell({is_over}), 150))", 40)


async def _serve(route: "Route") -> None:
    """The console's files as they are now, and those of this folder, as the API would."""
    name = route.request.url.partition("/console/")[2]
    file = LIBRARY / name if (LIBRARY / name).is_file() else FOLDER / name
    headers = {"Content-Type": KINDS.get(file.suffix, "text/html"), "Content-Security-Policy": POLICY}
    await route.fulfill(body=file.read_text("utf-8") if name else HTML, headers=headers)


@asynccontextmanager
async def listening(
    open_page: OpenPage,
    system: System,
    session_id: str = "",
    *,
    profile: str = "voice",
) -> AsyncIterator[Listener]:
    """Somebody on a page; what its policy forbids fails the test, as do errors, but not failed requests."""
    if not session_id:
        async with system.http() as http:
            session_id = (await http.post("/v1/sessions", json={"profile": profile})).json()["session_id"]
    page = await open_page()
    await page.route(f"{system.api_url}/console/**", _serve)
    await page.goto(f"{system.api_url}/console/")
    listener = Listener(page, system, session_id)
    await listener.until("document.documentElement.dataset.ready")
    await listener.do("open(a)", session_id)
    await listener.until("session.state.connection === 'live'")
    yield listener
    await quiet(page, FAILED_REQUEST)
    assert not observed(page).page_errors


def in_order(sounds: list[dict[str, Any]]) -> bool:
    """Whether no sound begins before the one before it is over."""
    return all(after["when"] >= before["end"] - 1e-6 for before, after in pairwise(sounds))


def heard_whole(sounds: list[dict[str, Any]]) -> list[float]:
    """Lengths of sounds, in ms; one that was stopped and gone on with, where it was, counts once."""
    lengths: list[float] = []
    for before, sound in pairwise([{}, *sounds]):
        length = (sound["end"] - sound["when"]) * 1000
        if before.get("isStopped"):
            stopped_at = before["end"] - before["when"] + before["offset"]
            assert sound["offset"] == pytest.approx(stopped_at, abs=0.1)
            lengths[-1] = sound["offset"] * 1000 + length
        else:
            lengths.append(length)
    return lengths


def announced(speech: list[dict[str, Any]]) -> list[Any]:
    return [pytest.approx(one["durationMs"], abs=60) for one in speech if one["audioId"]]
