"""The browser's event stream against a server that breaks it off at every place, and in every other way."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from tests.console.browser import Browser, Page, RefusedError, browsing, open_page
from tests.console.node import node

node()

TEXT = "line\u2028one 👍 two"
PIECES = [TEXT[:5], TEXT[5:10], TEXT[10:]]
EVENTS: list[dict[str, Any]] = [
    {"type": "turn.started", "turn": 1, "agent": "assistant", "message_ids": []},
    *(
        {
            "type": "message.delta",
            "turn": 1,
            "message_id": "a-1.1",
            "offset": TEXT.index(piece),
            "text": piece,
        }
        for piece in PIECES
    ),
    {"type": "session.ended", "reason": "completed", "summary": {}},
]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
OVER = "state.endReason !== null && state.connection === 'closed'"

Answer = Callable[[int, int], bytes | None]
"""From the number of the connection and of events that the client holds: what it gets, or nothing at all."""


def frames(held: int = 0, until: int = len(EVENTS)) -> bytes:
    return b"".join(
        f"id: {place}\nevent: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for place, event in enumerate(EVENTS[:until], 1)
        if place > held
    )


def refusal(status: int, code: str, *headers: str) -> bytes:
    body = json.dumps({"status": status, "code": code, "detail": f"It is {code}."})
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body]
    return "\r\n".join(lines).encode()


class Server:
    """Answers each request for events as it is told; `asked` tells when and from where. No snapshots."""

    def __init__(self, answer: Answer, *, stays_open: bool = False) -> None:
        self.answer = answer
        self.stays_open = stays_open
        self.asked: list[tuple[float, int]] = []
        self.posted = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if request.startswith("get /v1/sessions/s http"):
            writer.write(refusal(404, "not_found"))
            writer.close()
            return
        self.posted += request.startswith("post")
        held = int(request.partition("last-event-id: ")[2].partition("\r\n")[0] or 0)
        self.asked.append((time.monotonic(), held))
        writer.write(self.answer(len(self.asked), held) or b"")
        await writer.drain()
        if self.stays_open:
            await reader.read()
        writer.close()


@asynccontextmanager
async def served(server: Server, **options: Any) -> AsyncIterator[Page]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    patience = {"firstWaitMs": 1, "longestWaitMs": 4, **options}
    async with listening, browsing(baseUrl=f"http://{host}:{port}", **patience) as browser:
        yield await open_page(browser, "s")


async def followed(page: Page, until: str = OVER) -> dict[str, Any]:
    await page.do("connect")
    return await page.until(until)


def text(state: dict[str, Any]) -> str:
    return "".join(message["text"] for message in state["messages"])


async def another(browser: Browser) -> Page:
    return await open_page(browser, "s")


async def test_every_word_once_wherever_the_stream_breaks() -> None:
    whole = HEAD + frames()
    cut: int | None = None

    def broken_once(_: int, held: int) -> bytes:
        nonlocal cut
        length, cut = cut, None
        return HEAD + frames(held) if length is None else whole[:length]

    async with served(Server(broken_once)) as page:
        for place in range(0, len(whole) + 1, 7):
            cut = place
            fresh = await another(page.browser)
            assert text(await followed(fresh)) == TEXT, place


async def test_every_word_once_over_connections_of_one_event_each() -> None:
    server = Server(lambda _, held: HEAD + frames(held, held + 1))
    async with served(server) as page:
        assert text(await followed(page)) == TEXT
    assert [held for _, held in server.asked] == [0, 1, 2, 3, 4]


async def test_a_garbled_event_is_asked_for_again() -> None:
    garbled = HEAD + b"id: 1\nevent: x\ndata: {broken\n\n"
    async with served(Server(lambda n, held: garbled if n == 1 else HEAD + frames(held))) as page:
        assert text(await followed(page)) == TEXT


async def test_a_gap_begins_anew() -> None:
    """Once the third event is missing, whoever goes on behind the fourth would never get it."""
    torn = frames(0, 2) + frames(3, 4)
    server = Server(lambda n, held: HEAD + (torn if n == 1 else frames(held)))
    async with served(server) as page:
        state = await followed(page)
        assert (text(state), state["isTorn"]) == (TEXT, False)
        assert "gap" in {shown["problem"] for shown in await page.seen()}
    assert [held for _, held in server.asked] == [0, 0]


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (404, "x"), (410, "y"), (403, "z")])
async def test_a_refusal_ends_it(status: int, code: str) -> None:
    server = Server(lambda *_: refusal(status, code))
    async with served(server) as page:
        state = await followed(page, "state.connection === 'closed'")
        assert (state["problem"]["status"], state["problem"]["code"]) == (status, code)
        await asyncio.sleep(0.1)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503])
async def test_other_refusals_do_not(status: int) -> None:
    server = Server(lambda n, held: refusal(status, "busy") if n < 4 else HEAD + frames(held))
    async with served(server) as page:
        assert text(await followed(page)) == TEXT
        assert {"busy", None} == {shown["problem"] for shown in await page.seen()}


async def test_whoever_is_told_when_to_come_again_waits_that_long() -> None:
    busy = refusal(503, "busy", "Retry-After: 1")
    server = Server(lambda n, held: busy if n == 1 else HEAD + frames(held))
    async with served(server) as page:
        await followed(page)
    assert 0.95 < server.asked[1][0] - server.asked[0][0] < 3


@pytest.mark.parametrize("seconds", [60, 10**12])
async def test_connecting_again_cuts_the_wait_short(seconds: int) -> None:
    busy = refusal(503, "busy", f"Retry-After: {seconds}")
    server = Server(lambda n, held: busy if n == 1 else HEAD + frames(held))
    async with served(server) as page:
        state = await followed(page, "state.connection === 'waiting'")
        assert state["nextAttemptAt"] - time.time() * 1000 > 50_000
        await asyncio.sleep(0.1)
        assert len(server.asked) == 1
        assert text(await followed(page)) == TEXT


async def test_silence_is_a_broken_connection() -> None:
    server = Server(lambda _, held: HEAD + frames(held, held + 2), stays_open=True)
    async with served(server, silenceMs=500) as page:
        assert text(await followed(page)) == TEXT
    assert [held for _, held in server.asked] == [0, 2, 4]


async def test_a_server_that_takes_the_call_and_says_nothing_is_given_up() -> None:
    server = Server(lambda n, held: None if n == 1 else HEAD + frames(held), stays_open=True)
    async with served(server, silenceMs=500) as page:
        assert text(await followed(page)) == TEXT
    assert len(server.asked) == 2


async def test_waits_grow_and_are_short_again_after_a_live_event() -> None:
    server = Server(lambda n, held: refusal(503, "busy") if n <= 8 else HEAD + frames(held, held + 1))
    async with served(server, firstWaitMs=10, longestWaitMs=4000) as page:
        await followed(page)
    times = [time for time, _ in server.asked]
    waits = [after - before for before, after in pairwise(times)]
    assert all(wait < 0.01 * 2**number + 0.5 for number, wait in enumerate(waits[:8])), waits
    # Any of them could be short by chance, but not all: the next wait would be up to 2.5 s.
    assert sum(waits[8:]) < 1.0, waits


async def test_who_leaves_hears_nothing_more_and_may_come_back() -> None:
    server = Server(lambda _, held: HEAD + frames(held, 3 if not held else len(EVENTS)), stays_open=True)
    async with served(server) as page:
        await followed(page, "state.cursor === '3'")
        await page.do("disconnect")
        assert (await page.state())["connection"] == "closed"
        await asyncio.sleep(0.1)
        assert len(server.asked) == 1
        assert text(await followed(page)) == TEXT
    assert [held for _, held in server.asked] == [0, 3]


def taken(message_id: str = "mine") -> bytes:
    body = json.dumps({"message_id": message_id, "cursor": "7"})
    head = f"HTTP/1.1 202 X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return f"{head}{body}".encode()


async def test_a_message_is_sent_again_until_somebody_answers() -> None:
    refusals = {2: refusal(503, "busy"), 3: refusal(429, "rate_limited"), 4: taken()[:40], 5: taken()}
    server = Server(lambda n, _: refusals.get(n))
    async with served(server) as page:
        assert (await page.do("send", "hello", {"messageId": "mine"}))["cursor"] == "7"
        assert [one["status"] for one in (await page.state())["outbox"]] == ["confirmed"]
    assert server.posted == 5


ACCEPTED = {
    "type": "message.accepted", "message_id": "mine", "delivery": "steer", "position": 0,
    "agent": "assistant", "content": "hello",
}  # fmt: skip
REJECTED = {"message_id": "mine", "reason": "queue_full"}
QUEUED = {"message_id": "mine", "delivery": "steer", "agent": "assistant", "text": "hel"}
SAID = {"message_id": "mine", "role": "user", "content": "hello", "status": "complete", "turn": 1}


def reset(**more: Any) -> dict[str, Any]:
    session = {"status": "active", "queue": more.pop("queue", [])}
    return {"type": "reset", "session": session, "messages": [], "partial": None, "rejected": [], **more}


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ([ACCEPTED], "waiting"),
        ([reset(queue=[QUEUED])], "waiting"),
        ([reset(messages=[SAID])], "messages"),
        ([ACCEPTED, reset(messages=[SAID])], "messages"),
        ([{"type": "message.rejected", **REJECTED}], "rejected"),
        ([ACCEPTED, {"type": "message.rejected", **REJECTED}], "rejected"),
        ([reset(rejected=[REJECTED])], "rejected"),
        ([ACCEPTED, reset(rejected=[REJECTED])], "rejected"),
        ([reset()], "confirmed"),
        ([ACCEPTED, {"type": "message.withdrawn", "message_id": "mine"}], None),
    ],
)
async def test_an_own_message_is_in_one_place(told: list[dict[str, Any]], place: str | None) -> None:
    told = [*told, {"type": "voice.state_changed", "old": "idle", "new": "listening"}]
    events = "".join(f"id: {n}\ndata: {json.dumps(event)}\n\n" for n, event in enumerate(told, 1))
    async with served(Server(lambda n, _: taken() if n == 1 else HEAD + events.encode())) as page:
        await page.do("send", "hello", {"messageId": "mine"})
        state = await followed(page, "state.voice.state === 'listening'")
        found = [one["status"] for one in state["outbox"]]
        found += [name for name in ("waiting", "messages") for one in state[name] if one["text"] == "hello"]
        assert found == ([place] if place else [])
        assert all(one["isOwn"] for one in state["waiting"])


async def test_a_full_queue_refuses_a_message() -> None:
    async with served(Server(lambda *_: refusal(429, "queue_full"))) as page:
        with pytest.raises(RefusedError, match="queue_full"):
            await page.do("send", "hello")
        assert [one["status"] for one in (await page.state())["outbox"]] == ["rejected"]
