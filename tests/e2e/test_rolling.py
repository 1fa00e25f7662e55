"""A process that is asked to end does so soon, and nobody notices."""

import asyncio
import signal
from contextlib import suppress
from time import monotonic

import httpx2

from tests.e2e.test_kills import WORDS, generations, speaking
from tests.system import System
from tests.viewer import turn_over, watch
from workers.api_process import STREAM_GRACE_SECONDS


async def test_an_api_that_is_asked_to_end_sends_its_viewers_on(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = [asyncio.create_task(watch(http, session_id, turn_over(1))) for _ in range(3)]
        await asyncio.sleep(0.2)
        api, began = system.parts["api"], monotonic()
        api.signal(signal.SIGTERM)
        assert api.process is not None
        await asyncio.to_thread(api.process.wait, 10)
        assert monotonic() - began < STREAM_GRACE_SECONDS
        api.start()
        for held in await asyncio.gather(*watching):
            assert held.messages["a-1.1"].text == WORDS
    log = await asyncio.to_thread((system.folder / "api.log").read_text, "utf-8")
    assert "Traceback" not in log
    assert "ERROR" not in log


async def test_two_of_everything_replaced_one_after_the_other(system: System) -> None:
    """People talk and watch over both APIs, and meet no error while each process is replaced."""
    second = system.add_api("second api")
    system.add_worker("second worker")
    await answering(second)
    urls = {"api": system.api_url, "second api": second}
    clients = [httpx2.AsyncClient(base_url=url, timeout=30) for url in urls.values()]
    session_id = await speaking(system, clients[0], tokens=900)
    watching = [asyncio.create_task(watch(http, session_id, turn_over(1))) for http in clients * 2]
    talking = asyncio.create_task(talk(list(urls.values()), session_id))
    for name in ("worker", "second worker", "api", "second api"):
        part = system.parts[name]
        part.signal(signal.SIGTERM)
        assert part.process is not None
        await asyncio.to_thread(part.process.wait, 15)
        part.start()
        if name in urls:
            await answering(urls[name])
    held = await asyncio.gather(*watching)
    assert {one.messages["a-1.1"].text for one in held} == {"".join(f"w{n} " for n in range(900))}
    talking.cancel()
    sent = await asyncio.gather(talking, return_exceptions=True)
    assert isinstance(sent[0], asyncio.CancelledError)
    for http in clients:
        await http.aclose()


async def answering(url: str) -> None:
    """Wait until the API at `url` is ready."""
    async with httpx2.AsyncClient(base_url=url) as http, asyncio.timeout(30):
        while True:
            with suppress(httpx2.HTTPError):
                if (await http.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def talk(urls: list[str], session_id: str) -> None:
    """Ask for the session at whichever API takes connections, as behind a load balancer."""
    while True:
        answers = [await _status(url, session_id) for url in urls]
        assert set(answers) <= {200, None}
        assert 200 in answers
        await asyncio.sleep(0.05)


async def _status(url: str, session_id: str) -> int | None:
    """None when nobody takes the connection, or it ends unheard: a load balancer asks another one."""
    try:
        async with httpx2.AsyncClient(base_url=url, timeout=10) as http:
            return (await http.get(f"/v1/sessions/{session_id}")).status_code
    except (httpx2.ConnectError, httpx2.ReadError):
        return None


async def test_who_is_connected_already_is_heard_by_an_ending_api(system: System) -> None:
    """And is told not to ask on this connection again. Who never asks does not hold the end up."""
    api, address = system.parts["api"], httpx2.URL(system.api_url)
    early = [await asyncio.open_connection(address.host, address.port) for _ in range(2)]
    async with system.http() as http:
        assert (await http.get("/healthz")).status_code == 200, "these two are let in by now"
    began = monotonic()
    api.signal(signal.SIGTERM)
    with suppress(ConnectionError):
        while True:
            _, late = await asyncio.open_connection(address.host, address.port)
            late.close()
    reading, writing = early[0]
    writing.write(f"GET /healthz HTTP/1.1\r\nHost: {address.host}\r\n\r\n".encode())
    answer = await reading.read()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    assert await early[1][0].read() == b""
    assert api.process is not None
    await asyncio.to_thread(api.process.wait, 10)
    assert monotonic() - began < 3
    for _, one in early:
        one.close()


async def test_a_request_that_takes_longer_than_an_ending_api_can_wait_is_sent_on(system: System) -> None:
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        system.parts["worker"].kill()
        sent = (await http.post(f"/v1/sessions/{session_id}/pause")).json()
        reading = asyncio.create_task(http.get(f"/v1/sessions/{session_id}?after={sent['cursor']}"))
        await asyncio.sleep(0.5)
        api = system.parts["api"]
        api.signal(signal.SIGTERM)
        answer = await reading
        assert api.process is not None
        await asyncio.to_thread(api.process.wait, 10)
    assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_worker_that_is_asked_to_end_hands_its_answer_on(system: System) -> None:
    async with system.http() as http:
        system.add_worker("other")
        session_id = await speaking(system, http, tokens=600)
        watching = asyncio.create_task(watch(http, session_id, turn_over(1)))
        for name in ("worker", "other"):
            part = system.parts[name]
            part.signal(signal.SIGTERM)
            assert part.process is not None
            await asyncio.to_thread(part.process.wait, 15)
            part.start()
            await asyncio.sleep(1)
        held = await watching
        assert held.messages["a-1.1"].text == "".join(f"w{number} " for number in range(600))
        assert await generations(system) == 1
