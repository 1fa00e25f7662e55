"""What the console weighs: the files that a page loads until a session is shown, as it holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bench.figures import Row
from bench.long_answer import opened
from bench.spoken_turn import begun
from tests.console.chromium import fresh_page, observed
from tests.system import System

if TYPE_CHECKING:  # as in drawing.py
    from playwright.async_api import Browser, Page, Response

MOST_BYTES: Final = 100 * 1024
CHAT: Final = "chat"
LIBRARY: Final = "perdure-client.js"
_DATA: Final = {"fetch", "xhr", "eventsource", "websocket"}
"""What a page asks for and is no file of it, in Chromium's words."""


@dataclass
class Weight:
    """Of one page that shows a session."""

    files: dict[str, int] = field(default_factory=dict)
    """Bytes without compression, by the file's name."""
    missing: list[str] = field(default_factory=list)
    """Files that were asked for and are not there."""
    foreign: list[str] = field(default_factory=list)
    """What was asked for elsewhere."""

    @property
    def bytes(self) -> int:
        return sum(self.files.values())


async def weighed(system: System, browser: "Browser", profile: str) -> Weight:
    """What a page loads, in a browser that knows nothing yet, until it shows a new session of `profile`."""
    async with system.http() as http, fresh_page(browser) as page:
        session_id = await begun(http, profile)
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - as in chromium.py
        await opened(page, system, session_id)
        weight = Weight(foreign=observed(page).foreign)
        for answer in answers:
            await _weigh(answer, weight)
        icon = await http.get(await _icon(page))
        weight.files[_name(str(icon.url))] = len(icon.content)
        await http.delete(f"/v1/sessions/{session_id}")
    return weight


async def _weigh(answer: "Response", weight: Weight) -> None:
    if answer.request.resource_type in _DATA:
        return
    if answer.ok:
        weight.files[_name(answer.url)] = len(await answer.body())
    else:
        weight.missing.append(_name(answer.url))


async def _icon(page: "Page") -> str:
    """Where it is; a browser that shows no window does not ask for it."""
    return await page.locator("link[rel=icon]").get_attribute("href") or ""


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] or "index.html"


def rows_of(chat: Weight, voice: Weight) -> list[Row]:
    """Of a chat and of a spoken session."""
    return [_chat_row(chat), _voice_row(voice, chat)]


def _chat_row(chat: Weight) -> Row:
    elsewhere = f"{len(chat.foreign)} requests elsewhere"
    return Row(
        "console, files that a chat loads, uncompressed",
        f"{chat.bytes:,} bytes: {by_file(chat.files)}; {elsewhere}{_missing(chat)}",
        f"the library alone: {chat.files[LIBRARY]:,} bytes",
        f"≤ {MOST_BYTES:,} bytes; 0",
        chat.bytes <= MOST_BYTES and not chat.foreign and not chat.missing,
    )


def _voice_row(voice: Weight, chat: Weight) -> Row:
    more = {name: size for name, size in voice.files.items() if name not in chat.files}
    return Row(
        "console, files that a spoken session loads besides",
        f"{sum(more.values()):,} bytes: {by_file(more)}; {len(voice.foreign)} elsewhere{_missing(voice)}",
        f"all of them: {voice.bytes:,} bytes",
        "told, not set; 0",
        not voice.foreign and not voice.missing,
    )


def by_file(files: Mapping[str, int]) -> str:
    """For a row: the heaviest first."""
    heaviest_first = sorted(files.items(), key=lambda file: -file[1])
    return ", ".join(f"{name} {size:,}" for name, size in heaviest_first) or "none"


def _missing(weight: Weight) -> str:
    return f"; missing: {', '.join(weight.missing)}" if weight.missing else ""
