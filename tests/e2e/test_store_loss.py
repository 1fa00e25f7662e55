"""The store may be killed, cut back or emptied: what was said is still there, and the answer goes on."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from activities.store import keys
from tests.e2e.test_kills import WORDS, generations, speaking
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import ended, turn_over, watch

CUT_BYTES = 12_000
"""About what half a second of an answer takes in the append-only file."""


async def empty(system: System) -> None:
    redis = system.redis()
    await redis.flushall()
    await redis.aclose()


async def restart(system: System) -> None:
    system.parts["store"].kill()
    system.restart("store")


async def cut(system: System) -> None:
    """As a power cut leaves it: the newest writes are not on the disk."""
    system.parts["store"].kill()
    cut_tail(system.folder / "appendonlydir")
    system.restart("store")


def cut_tail(folder: Path) -> None:
    newest = max(folder.glob("*.incr.aof"))
    with newest.open("r+b") as file:
        file.truncate(max(newest.stat().st_size - CUT_BYTES, 0))


LOSSES = pytest.mark.parametrize("lose", [empty, restart, cut])


async def talked(http: httpx2.AsyncClient, **body: Any) -> tuple[dict[str, Any], Reducer]:
    """A session with one finished turn, and a viewer of it."""
    session = (await http.post("/v1/sessions", json={"message": {"content": "hello"}, **body})).json()
    held = await watch(http, session["session_id"], turn_over(1))
    await watch(http, session["session_id"], idle, held)
    return session, held


def idle(held: Reducer, _: dict[str, Any]) -> bool:
    return held.status == "idle"


def answered(number: int) -> Any:
    """Until the answer of turn `number` is whole and the session idle again."""

    def is_answered(held: Reducer, _: dict[str, Any]) -> bool:
        answer = held.messages.get(f"a-{number}.1")
        return answer is not None and answer.status == "complete" and held.status == "idle"

    return is_answered


async def transcript(http: httpx2.AsyncClient, session_id: str) -> list[tuple[str, str]]:
    found = (await http.get(f"/v1/sessions/{session_id}/messages")).json()
    return [(message["message_id"], message["content"]) for message in found["items"]]


async def until_listed(http: httpx2.AsyncClient, *session_ids: str) -> dict[str, dict[str, Any]]:
    async with asyncio.timeout(20):
        while True:
            answer = await http.get("/v1/sessions", params={"limit": "200"})
            listed = answer.json()["items"] if answer.status_code == 200 else []
            found = {session["session_id"]: session for session in listed}
            if set(session_ids) <= set(found):
                return found
            await asyncio.sleep(0.1)


@LOSSES
async def test_the_running_answer_goes_on(system: System, lose: Any) -> None:
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = [asyncio.create_task(watch(http, session_id, turn_over(1))) for _ in range(2)]
        await asyncio.sleep(0.5)
        await lose(system)
        await asyncio.sleep(1)
        late = asyncio.create_task(watch(http, session_id, turn_over(1)))
        for held in await asyncio.gather(*watching, late):
            assert held.messages["a-1.1"].text == WORDS
        assert await generations(system) == 1
        assert [text for _, text in await transcript(http, session_id)] == ["go", WORDS]


@LOSSES
async def test_finished_turns_are_still_there_and_the_session_goes_on(system: System, lose: Any) -> None:
    async with system.http() as http:
        session, held = await talked(http)
        session_id = session["session_id"]
        before = await transcript(http, session_id)
        watching = asyncio.create_task(watch(http, session_id, answered(2), held))
        await asyncio.sleep(0.2)
        await lose(system)
        await until_listed(http, session_id)
        sent = await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "and again"})
        assert sent.status_code == 202
        held = await watching
        after = await transcript(http, session_id)
        assert after[: len(before)] == before
        assert len(after) == len(before) + 2
        late = await watch(http, session_id, answered(2))
        assert [late.messages[name].text for name, _ in after] == [text for _, text in after]
        assert [held.messages[name].text for name, _ in after] == [text for _, text in after]


@LOSSES
async def test_keys_tokens_and_idempotency_hold(system: System, lose: Any) -> None:
    async with system.http() as http:
        once = {"Idempotency-Key": f"once-{lose.__name__}"}
        first = (await http.post("/v1/sessions", json={}, headers=once)).json()
        given = [first, *[(await http.post("/v1/sessions", json={})).json() for _ in range(3)]]
        await lose(system)
        found = await until_listed(http, *(session["session_id"] for session in given))
        again = await http.post("/v1/sessions", json={}, headers=once)
        assert (again.status_code, again.json()["session_id"]) == (200, first["session_id"])
        new = (await http.post("/v1/sessions", json={})).json()
        known = {session["session_key"] for session in found.values()}
        assert {session["session_key"] for session in given} <= known
        assert new["session_key"] not in known
        token = {"Authorization": f"Bearer {first['session_token']}"}
        read = await http.get(f"/v1/sessions/{first['session_key']}", headers=token)
        assert (read.status_code, read.json()["session_id"]) == (200, first["session_id"])


@LOSSES
async def test_a_session_that_is_over_is_still_there(system: System, lose: Any) -> None:
    async with system.http() as http:
        session, held = await talked(http, title="over")
        session_id = session["session_id"]
        await http.delete(f"/v1/sessions/{session_id}")
        held = await watch(http, session_id, ended, held)
        before = await transcript(http, session_id)
        await lose(system)
        async with asyncio.timeout(20):
            while (session := (await until_listed(http, session_id))[session_id])["status"] != "closed":
                await asyncio.sleep(0.1)
        assert session["end_reason"] == "user_ended"
        assert await transcript(http, session_id) == before
        late = await watch(http, session_id, ended)
        assert late.ended == "user_ended"
        assert {name: late.messages[name].text for name, _ in before} == dict(before)


async def test_a_session_that_is_over_comes_back_into_the_list_that_lost_it(system: System) -> None:
    async with system.http() as http:
        session, held = await talked(http)
        session_id = session["session_id"]
        await http.delete(f"/v1/sessions/{session_id}")
        await watch(http, session_id, ended, held)
        redis = system.redis()
        await redis.delete(keys.sessions("default"), keys.session_keys("default"))
        await restart(system)
        found = (await until_listed(http, session_id))[session_id]
        assert found["session_key"] == session["session_key"]
        by_key = await http.get(f"/v1/sessions/{session['session_key']}")
        assert by_key.json()["session_id"] == session_id
        await redis.aclose()
