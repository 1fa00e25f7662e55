"""A process that is asked to end does so soon, and nobody notices."""

import asyncio
import signal
from time import monotonic

from tests.e2e.test_kills import WORDS, generations, speaking
from tests.system import System
from tests.viewer import turn_over, watch


async def test_an_api_that_is_asked_to_end_sends_its_viewers_on(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = [asyncio.create_task(watch(http, session_id, turn_over(1))) for _ in range(3)]
        await asyncio.sleep(0.2)
        api, began = system.parts["api"], monotonic()
        api.signal(signal.SIGTERM)
        assert api.process is not None
        await asyncio.to_thread(api.process.wait, 10)
        assert monotonic() - began < 1.5
        api.start()
        for held in await asyncio.gather(*watching):
            assert held.messages["a-1.1"].text == WORDS
    log = await asyncio.to_thread((system.folder / "api.log").read_text, "utf-8")
    assert "Traceback" not in log
    assert "ERROR" not in log


async def test_a_request_that_takes_longer_than_an_ending_api_can_wait_is_sent_on(system: System) -> None:
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        system.parts["worker"].kill()
        sent = (await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "hello"})).json()
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
        other = system.add_worker("other")
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
        other.stop()
        del system.parts["other"]
