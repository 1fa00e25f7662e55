"""The engine may be killed: text goes on, messages are taken or clearly refused, nothing happens twice."""

import asyncio
from typing import Any

import httpx2

from tests.e2e.test_kills import WORDS, generations, speaking
from tests.e2e.test_store_loss import answered, talked, transcript
from tests.system import System
from tests.viewer import ended, turn_over, watch


async def sent_until_taken(http: httpx2.AsyncClient, session_id: str, content: str, message_id: str) -> int:
    """Send a message under one id until it is taken; how often it was refused before."""
    refused = 0
    async with asyncio.timeout(40):
        while True:
            answer = await http.post(
                f"/v1/sessions/{session_id}/messages",
                json={"content": content, "message_id": message_id, "delivery": "queue"},
            )
            if answer.status_code == 202:
                return refused
            assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
            assert "message_id" in answer.json()["detail"]
            refused += 1


async def test_text_goes_on_while_the_engine_is_away(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch(http, session_id, answered(2)))
        system.parts["engine"].kill()
        await watch(http, session_id, whole_first_answer)
        sending = asyncio.create_task(sent_until_taken(http, session_id, "and then?", "then"))
        await asyncio.sleep(1)
        system.restart("engine")
        await sending
        again = await sent_until_taken(http, session_id, "something else", "then")
        assert again == 0
        held = await watching
        assert held.messages["a-1.1"].text == WORDS
        said = await transcript(http, session_id)
        assert [text for _, text in said[:3]] == ["go", WORDS, "and then?"]
        assert len(said) == 4
        assert await generations(system) == 2


def whole_first_answer(held: Any, _: dict[str, Any]) -> bool:
    return "a-1.1" in held.messages and held.messages["a-1.1"].text == WORDS


async def test_a_timer_that_was_due_meanwhile_fires_once(system: System) -> None:
    async with system.http() as http:
        session, held = await talked(http, limits={"idle_timeout": 4})
        session_id = session["session_id"]
        watching = asyncio.create_task(watch(http, session_id, ended, held))
        system.parts["engine"].kill()
        await asyncio.sleep(5)
        system.restart("engine")
        held = await watching
        assert held.ended == "idle_timeout"
        assert len(await transcript(http, session_id)) == 2


async def test_engine_and_worker_killed_together(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch(http, session_id, turn_over(1)))
        for name in ("engine", "worker"):
            system.parts[name].kill()
        for name in ("engine", "worker"):
            system.restart(name)
        assert (await watching).messages["a-1.1"].text == WORDS
        assert await generations(system) == 1


async def test_everything_killed_but_the_model(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch(http, session_id, turn_over(1)))
        parts = ("api", "worker", "engine", "store")
        for name in parts:
            system.parts[name].kill()
        for name in reversed(parts):
            system.restart(name)
        assert (await watching).messages["a-1.1"].text == WORDS
        assert await generations(system) == 1
