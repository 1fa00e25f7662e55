"""As for viewers of the event stream: whatever is killed, one copy of every word over WebSocket."""

import asyncio
import signal

from tests.e2e.test_kills import WORDS, generations, speaking
from tests.system import System
from tests.viewer import turn_over
from tests.ws_viewer import talking, watch_socket


async def test_a_killed_api_costs_sockets_no_word(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = [asyncio.create_task(watch_socket(http, session_id, turn_over(1))) for _ in range(3)]
        for _ in range(2):
            await asyncio.sleep(0.4)
            system.parts["api"].kill()
            system.restart("api")
        for held in await asyncio.gather(*watching):
            assert held.messages["a-1.1"].text == WORDS
        assert await generations(system) == 1


async def test_a_killed_worker_costs_sockets_no_word(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch_socket(http, session_id, turn_over(1)))
        await asyncio.sleep(0.2)
        system.parts["worker"].kill()
        system.restart("worker")
        assert (await watching).messages["a-1.1"].text == WORDS


async def test_a_store_that_is_killed_costs_sockets_no_word(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch_socket(http, session_id, turn_over(1)))
        await asyncio.sleep(0.2)
        system.parts["store"].kill()
        system.restart("store")
        assert (await watching).messages["a-1.1"].text == WORDS


async def test_an_api_that_is_asked_to_end_sends_sockets_on(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch_socket(http, session_id, turn_over(1)))
        async with talking(http, session_id) as talk:
            api = system.parts["api"]
            api.signal(signal.SIGTERM)
            assert await talk.closed() == 1012
        assert api.process is not None
        await asyncio.to_thread(api.process.wait, 10)
        api.start()
        assert (await watching).messages["a-1.1"].text == WORDS
    log = await asyncio.to_thread((system.folder / "api.log").read_text, "utf-8")
    assert "Traceback" not in log
