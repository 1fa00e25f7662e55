"""Whatever is killed on the way, every viewer ends with exactly one copy of every word."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import httpx2

from tests.reducer import Reducer
from tests.system import System
from tests.viewer import turn_over, watch

TOKENS = 200
WORDS = "".join(f"w{number} " for number in range(TOKENS))
Until = Callable[[Reducer, dict[str, Any]], bool]


def shown(count: int) -> Until:
    """Until viewers hold `count` code points of the first answer."""

    def holds(held: Reducer, _: dict[str, Any]) -> bool:
        return "a-1.1" in held.messages and len(held.messages["a-1.1"].text) >= count

    return holds


async def speaking(
    system: System, http: httpx2.AsyncClient, profile: str = "chat", tokens: int = TOKENS
) -> str:
    """A session whose answer is under way."""
    await system.script(tokens=tokens, tokens_per_second=60, contains="go")
    body = {"profile": profile, "message": {"content": "go"}}
    session_id: str = (await http.post("/v1/sessions", json=body)).json()["session_id"]
    await watch(http, session_id, shown(100))
    return session_id


async def generations(system: System) -> int:
    return (await system.model_stats())["generations_started"]


async def test_a_killed_worker_costs_no_word_and_no_second_generation(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = [asyncio.create_task(watch(http, session_id, turn_over(1))) for _ in range(3)]
        await asyncio.sleep(0.2)
        system.parts["worker"].kill()
        system.restart("worker")
        late = asyncio.create_task(watch(http, session_id, turn_over(1)))
        for held in await asyncio.gather(*watching, late):
            assert held.messages["a-1.1"].text == WORDS
        assert await generations(system) == 1
        await http.delete(f"/v1/sessions/{session_id}")


async def test_a_worker_killed_again_and_again(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch(http, session_id, turn_over(1)))
        for _ in range(2):
            system.parts["worker"].kill()
            system.restart("worker")
            await asyncio.sleep(3.5)
        assert (await watching).messages["a-1.1"].text == WORDS
        assert await generations(system) == 1


async def test_a_killed_api_costs_no_word(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch(http, session_id, turn_over(1)))
        await asyncio.sleep(0.2)
        system.parts["api"].kill()
        system.restart("api")
        assert (await watching).messages["a-1.1"].text == WORDS


async def test_a_provider_that_cannot_resume_starts_anew_and_viewers_hold_one_copy(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http, profile="plain")
        superseded = []

        def over(_: Reducer, event: dict[str, Any]) -> bool:
            superseded.append(event["type"] == "turn.superseded")
            return bool(event["type"] == "turn.completed")

        watching = asyncio.create_task(watch(http, session_id, over))
        await system.script(tokens=TOKENS, tokens_per_second=0)
        system.parts["worker"].kill()
        system.restart("worker")
        assert (await watching).messages["a-1.1"].text == WORDS
        assert sum(superseded) == 1
        assert await generations(system) == 2


async def test_a_frozen_worker_that_thaws_writes_nothing_more(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        frozen = system.parts["worker"]
        system.add_worker("other")
        frozen.signal(signal.SIGSTOP)
        held = await watch(http, session_id, turn_over(1))
        frozen.signal(signal.SIGCONT)
        await asyncio.sleep(1)
        page = await http.get(
            f"/v1/sessions/{session_id}/events",
            params={"after": held.cursor},
            headers={"Accept": "application/json"},
        )
        assert {e["type"] for e in page.json()["events"]} <= {"session.status_changed"}
        assert held.messages["a-1.1"].text == WORDS
        assert await generations(system) == 1


async def test_a_stop_while_no_worker_lives_keeps_what_was_shown(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http, tokens=5000)
        system.parts["worker"].kill()
        stopped = await http.post(f"/v1/sessions/{session_id}/stop")
        assert stopped.status_code == 202
        system.restart("worker")
        held = await watch(http, session_id, turn_over(1))
        message = held.messages["a-1.1"]
        assert message.status == "stopped"
        assert "".join(f"w{number} " for number in range(5000)).startswith(message.text)
        assert len(message.text) >= 100
        async with asyncio.timeout(10):
            while not (await system.model_stats())["generations_cancelled"]:
                await asyncio.sleep(0.05)
        transcript = (await http.get(f"/v1/sessions/{session_id}/messages")).json()["items"]
        assert [m["content"] for m in transcript] == ["go", message.text]


async def test_a_message_taken_while_no_worker_lives_is_answered(system: System) -> None:
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        system.parts["worker"].kill()
        answer = await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "hello"})
        assert answer.status_code == 202
        system.restart("worker")
        held = await watch(http, session_id, turn_over(1))
        assert held.messages["a-1.1"].text


async def test_a_worker_that_is_asked_to_stop_lets_the_next_one_go_on(system: System) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch(http, session_id, turn_over(1)))
        system.add_worker("other")
        await asyncio.sleep(2.5)
        ending = system.parts["worker"]
        ending.signal(signal.SIGTERM)
        assert (await watching).messages["a-1.1"].text == WORDS
        assert await generations(system) == 1
        assert ending.process is not None
        await asyncio.to_thread(ending.process.wait, 15)
