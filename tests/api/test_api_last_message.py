import asyncio
from time import monotonic
from typing import Any

import httpx2
import pytest

from tests.api.asking import Http, Json, act, answer, answered, close, read, refusal, running, say, start
from tests.api.conftest import MakeApp, Serve
from tests.system import System

FIELDS = {"message_id", "role", "agent", "content", "status", "turn", "created_at"}


async def ask(http: Http, session_id: str, **query: Any) -> httpx2.Response:
    return await http.get(f"/v1/sessions/{session_id}/messages/last", params=query, timeout=70)


async def last(http: Http, session_id: str, **query: Any) -> Json:
    return answer(await ask(http, session_id, **query))


async def speaking(http: Http, system: System, tokens: int, **body: Any) -> Json:
    await system.script(contains="go on", tokens=tokens, tokens_per_second=100)
    return await start(http, message={"content": "go on"}, **body)


def words(count: int) -> str:
    return "".join(f"w{number} " for number in range(count))


async def test_the_answer_to_a_write_is_waited_for(http: Http, system: System) -> None:
    session = await speaking(http, system, 100)
    found = await last(http, session["session_id"], after=session["cursor"])
    assert set(found) == FIELDS
    assert (found["role"], found["turn"], found["message_id"]) == ("assistant", 1, "a-1.1")
    assert (found["status"], found["content"]) == ("complete", words(100))


async def test_each_question_gets_its_own_answer_at_once(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    for turn in range(1, 21):
        taken = await say(http, session_id, f"number {turn}", delivery="queue")
        begun = monotonic()
        found = await last(http, session_id, after=taken["cursor"])
        assert found["turn"] == turn
        assert monotonic() - begun < 5


async def test_a_message_that_waits_counts_until_its_turn_is_over(http: Http, system: System) -> None:
    session_id = (await speaking(http, system, 100))["session_id"]
    await running(http, session_id)
    taken = [await say(http, session_id, f"and {n}", delivery="queue") for n in range(3)]
    waiting = [asyncio.create_task(last(http, session_id, after=one["cursor"])) for one in taken]
    first = await last(http, session_id)
    assert (first["turn"], first["content"]) == (1, words(100))
    turns = [(await one)["turn"] for one in waiting]
    assert all(turn >= mine for turn, mine in zip(turns, (2, 3, 4), strict=True))
    assert turns[-1] == 4


async def test_a_steered_message_counts_until_the_turn_that_took_it_is_over(
    http: Http, system: System
) -> None:
    session_id = (await speaking(http, system, 60))["session_id"]
    await running(http, session_id)
    taken = await say(http, session_id, "also")
    assert (await last(http, session_id, after=taken["cursor"]))["turn"] == 2


async def test_a_message_that_was_answered_long_ago_waits_for_nothing(http: Http, system: System) -> None:
    session_id = (await start(http))["session_id"]
    first = await say(http, session_id, "hello", message_id="one")
    await answered(http, session_id)
    await system.script(contains="go on", tokens=3000, tokens_per_second=100)
    running_now = await say(http, session_id, "go on")
    await running(http, session_id, 2)
    again = await say(http, session_id, "hello", message_id="one")
    for written in (first, again):
        assert (await last(http, session_id, after=written["cursor"], wait=1))["turn"] == 1
    refusal(await ask(http, session_id, after=running_now["cursor"], wait=0), 503, "not_settled")
    await act(http, session_id, "stop")
    found = await last(http, session_id, after=running_now["cursor"])
    assert (found["turn"], found["status"]) == (2, "stopped")


async def test_a_turn_that_takes_longer_is_not_settled(http: Http, system: System) -> None:
    session = await speaking(http, system, 3000)
    session_id = session["session_id"]
    await running(http, session_id)
    for query in ({}, {"after": session["cursor"]}):
        begun = monotonic()
        response = await ask(http, session_id, wait=0.5, **query)
        refusal(response, 503, "not_settled")
        assert response.headers["retry-after"]
        assert 0.4 < monotonic() - begun < 2
    refusal(await ask(http, session_id, wait=0), 503, "not_settled")
    waiting = asyncio.create_task(last(http, session_id))
    await asyncio.sleep(0.3)
    await act(http, session_id, "stop")
    assert (await waiting)["status"] == "stopped"


async def test_a_session_that_has_said_nothing_has_no_last_message(http: Http) -> None:
    session = await start(http)
    session_id = session["session_id"]
    begun = monotonic()
    for query in ({}, {"after": session["cursor"]}, {"wait": 0}):
        refusal(await ask(http, session_id, **query), 404, "message_not_found")
    assert monotonic() - begun < 2
    refusal(await ask(http, "nobody"), 404, "session_not_found")
    await close(http, session_id)
    refusal(await ask(http, session_id), 404, "message_not_found")


async def test_a_message_that_is_withdrawn_or_refused_is_waited_for_no_longer(http: Http) -> None:
    session_id = (await start(http, message={"content": "hello"}))["session_id"]
    await answered(http, session_id)
    await act(http, session_id, "pause")
    gone = await say(http, session_id, "never", message_id="gone")
    lost = await say(http, session_id, "lost")
    waiting = [asyncio.create_task(last(http, session_id, after=one["cursor"])) for one in (gone, lost)]
    await asyncio.sleep(0.3)
    assert not any(one.done() for one in waiting)
    answer(await http.delete(f"/v1/sessions/{session_id}/messages/gone"), 202)
    assert (await asyncio.wait_for(waiting[0], 5))["turn"] == 1
    assert not waiting[1].done()
    await http.delete(f"/v1/sessions/{session_id}")
    assert (await asyncio.wait_for(waiting[1], 5))["turn"] == 1


async def test_what_a_resume_starts_is_waited_for(http: Http, system: System) -> None:
    session_id = (await start(http, message={"content": "hello"}))["session_id"]
    await answered(http, session_id)
    paused = await act(http, session_id, "pause")
    assert (await last(http, session_id, after=paused["cursor"]))["turn"] == 1
    await system.script(contains="go on", tokens=100, tokens_per_second=100)
    await say(http, session_id, "go on")
    resumed = await act(http, session_id, "resume")
    assert (await last(http, session_id, after=resumed["cursor"]))["content"] == words(100)
    idle = await act(http, session_id, "stop")
    assert (await last(http, session_id, after=idle["cursor"], wait=3))["turn"] == 2


async def test_between_two_turns_nothing_is_over(http: Http) -> None:
    session_id = (await start(http, message={"content": "hello"}))["session_id"]
    await answered(http, session_id)
    for turn in range(2, 12):
        await act(http, session_id, "pause")
        waiting = await say(http, session_id, "and now?")
        await read(http, session_id, after=waiting["cursor"])
        resumed = await act(http, session_id, "resume")
        assert (await last(http, session_id, after=resumed["cursor"]))["turn"] == turn


async def test_waiting_outlives_a_failure_and_its_retry(http: Http, system: System) -> None:
    await system.script(contains="go wrong", status=503)
    session = await start(http, message={"content": "go wrong"})
    found = await last(http, session["session_id"], after=session["cursor"])
    assert (found["turn"], found["status"]) == (1, "complete")


@pytest.mark.parametrize("wait", ["-1", "61", "x", "nan", "inf", ""])
async def test_a_wait_has_bounds(http: Http, wait: str) -> None:
    session_id = (await start(http))["session_id"]
    refusal(await ask(http, session_id, wait=wait), 422, "invalid_request", "query.wait")
    refusal(await ask(http, session_id, after="x"), 422, "invalid_request", "after")


async def test_waiting_asks_the_engine_nothing(
    http: Http, system: System, make_app: MakeApp, serve: Serve
) -> None:
    session_id = (await speaking(http, system, 200))["session_id"]
    await running(http, session_id)
    app = make_app()
    async with serve(app) as served:
        await read(served, session_id)
        app.state.context.engine._client = None
        assert (await last(served, session_id))["content"] == words(200)


async def test_the_end_of_the_process_ends_the_wait(
    http: Http, system: System, make_app: MakeApp, serve: Serve
) -> None:
    session_id = (await speaking(http, system, 3000))["session_id"]
    await running(http, session_id)
    app = make_app()
    async with serve(app) as served:
        waiting = asyncio.create_task(ask(served, session_id))
        await asyncio.sleep(0.5)
        app.state.context.hub.close()
        refusal(await asyncio.wait_for(waiting, 3), 503, "not_settled")
    await act(http, session_id, "stop")
