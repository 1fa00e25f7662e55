import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

from redis.asyncio import Redis

from tests.api.asking import Http, answer, read, start
from tests.api.test_api_viewers import EVENT_BYTES, _count, grow, resident, wordy
from tests.system import System
from tests.ws_viewer import Talk, handshake, talking

PING = json.dumps({"type": "ping"}).encode()


@asynccontextmanager
async def not_reading(system: System, session_id: str) -> AsyncIterator[asyncio.StreamWriter]:
    """A socket whose client takes nothing off the wire."""
    host, _, port = system.api_url.removeprefix("http://").partition(":")
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.setblocking(False)
    await asyncio.get_running_loop().sock_connect(wire, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=wire, limit=1024)
    writer.write(handshake(session_id, host))
    assert b" 101 " in await reader.readuntil(b"\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    try:
        yield writer
    finally:
        writer.transport.abort()


def masked(text: bytes) -> bytes:
    """A short frame as clients send it."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


async def sentences(talk: Talk, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        event = await talk.event()
        if event["type"] == "sentence":
            found.append(event["index"])
    return found


async def test_a_socket_that_does_not_read_costs_nobody_anything(
    http: Http, redis: "Redis", system: System
) -> None:
    session_id = await wordy(http, redis, 400)
    async with asyncio.timeout(30):
        await _count(http, session_id, 400)
        before = resident(system)
        async with AsyncExitStack() as stalled:
            for _ in range(8):
                await stalled.enter_async_context(not_reading(system, session_id))
            await asyncio.sleep(0.5)
            await grow(http, redis, session_id, 400)
            begun = monotonic()
            async with talking(http, session_id) as talk:
                assert await sentences(talk, 800) == [*range(400), *range(400)]
            assert monotonic() - begun < 5
            grown = resident(system) - before
    assert grown < 40_000_000, f"{grown / 1e6:.0f} MB for {800 * EVENT_BYTES / 1e6:.0f} MB of events"


async def test_answers_that_nobody_reads_neither_pile_up_nor_hold_up_others(
    http: Http, redis: "Redis", system: System
) -> None:
    session_id = await wordy(http, redis, 100)
    before = resident(system)
    async with asyncio.timeout(40), not_reading(system, session_id) as writer:
        flooding = asyncio.create_task(flood(writer))
        delays: list[float] = []
        while not flooding.done():
            begun = monotonic()
            answer(await http.get("/healthz"))
            delays.append(monotonic() - begun)
        grown = resident(system) - before
    assert not await flooding, "the server takes what it cannot answer"
    assert max(delays) < 1
    assert grown < 20_000_000, f"{grown / 1e6:.0f} MB"


async def flood(writer: asyncio.StreamWriter) -> bool:
    """Ask for more answers than fit on the wire; whether the server took all of it."""
    try:
        for _ in range(100):
            writer.write(masked(PING) * 10_000)
            await asyncio.wait_for(writer.drain(), 3)
    except TimeoutError:
        return False
    return True


async def test_who_was_slow_gets_everything_in_order(http: Http, redis: "Redis", system: System) -> None:
    session_id = await wordy(http, redis, 300)
    async with asyncio.timeout(30), talking(http, session_id) as talk:
        talk.wire.transport.pause_reading()
        await asyncio.sleep(0.3)
        await grow(http, redis, session_id, 700)
        talk.wire.transport.resume_reading()
        assert await sentences(talk, 1000) == [*range(300), *range(700)]


async def test_a_hundred_sockets_of_one_session_hold_the_same(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    async with AsyncExitStack() as opened, asyncio.timeout(60):
        talks = [await opened.enter_async_context(talking(http, session_id)) for _ in range(100)]
        taken = await talks[0].ask("message", content="hello")
        await read(http, session_id, after=taken["cursor"])
        texts = await asyncio.gather(*(completed(talk) for talk in talks[1:]))
    assert len(set(texts)) == 1


async def completed(talk: Talk) -> str:
    while (event := await talk.event())["type"] != "message.completed":
        pass
    return str(event["text"])
