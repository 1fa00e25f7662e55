"""What an operator does in the engine reaches viewers, listing and snapshot within seconds."""

import asyncio
from typing import Any

import httpx2
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client

from activities.store import keys
from tests.e2e.test_kills import WORDS, speaking
from tests.e2e.test_store_loss import answered, empty, talked, transcript, until_listed
from tests.system import System
from tests.viewer import ended, turn_over, watch
from workflows.contract.session import workflow_id

SOON = 5.0


async def until(http: httpx2.AsyncClient, session_id: str, **fields: Any) -> dict[str, Any]:
    """The session, when snapshot and listing show these fields."""
    async with asyncio.timeout(SOON):
        while True:
            shown: dict[str, Any] = (await http.get(f"/v1/sessions/{session_id}")).json()
            listed = (await http.get("/v1/sessions", params={"q": session_id})).json()["items"]
            if all(fields.items() <= one.items() for one in (shown, *listed)):
                return shown
            await asyncio.sleep(0.1)


async def test_a_session_that_is_terminated_mid_answer_is_over_for_everybody(system: System) -> None:
    engine = await system.engine()
    async with system.http() as http:
        session_id = await speaking(system, http)
        await http.post(
            f"/v1/sessions/{session_id}/messages",
            json={"content": "and then?", "message_id": "next", "delivery": "queue"},
        )
        watching = asyncio.create_task(watch(http, session_id, ended))
        await asyncio.sleep(0.3)
        await engine.get_workflow_handle(workflow_id(session_id)).terminate("an operator's wish")
        async with asyncio.timeout(SOON):
            held = await watching
        assert held.ended == "terminated"
        assert held.turns[1] == "stopped"
        assert held.messages["next"].status == "rejected"
        shown = held.messages["a-1.1"].text
        assert WORDS.startswith(shown)
        session = await until(http, session_id, status="closed", end_reason="terminated", turn=None)
        assert session["queue"] == []
        assert await transcript(http, session_id) == [(held_id(held), "go"), ("a-1.1", shown)]
        late = await watch(http, session_id, ended)
        assert (late.messages, late.ended) == (held.messages, "terminated")
        refused = await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "hello?"})
        assert refused.json()["code"] == "session_closed"


def held_id(held: Any) -> str:
    return str(next(name for name, message in held.messages.items() if message.text == "go"))


async def test_a_session_that_is_terminated_while_idle_is_over_for_everybody(system: System) -> None:
    engine = await system.engine()
    async with system.http() as http:
        session, held = await talked(http)
        session_id = session["session_id"]
        watching = asyncio.create_task(watch(http, session_id, ended, held))
        await engine.get_workflow_handle(workflow_id(session_id)).terminate()
        async with asyncio.timeout(SOON):
            assert (await watching).ended == "terminated"
        await until(http, session_id, status="closed", end_reason="terminated")


async def lose(system: System, session: dict[str, Any]) -> None:
    """Let the store lose one session, and nothing else."""
    session_id = session["session_id"]
    redis = system.redis()
    stored: Any = await redis.hgetall(keys.session(session_id))
    tenant = stored[b"_tenant"].decode()
    await redis.delete(*keys.script_keys(session_id))
    assert await redis.zrem(keys.sessions(tenant), session_id) == 1
    assert await redis.hdel(keys.session_keys(tenant), session["session_key"]) == 1
    await redis.aclose()


async def test_a_session_that_is_terminated_after_the_store_lost_it_is_over_for_everybody(
    system: System,
) -> None:
    engine = await system.engine()
    async with system.http() as http:
        session, _ = await talked(http)
        session_id = session["session_id"]
        said = await transcript(http, session_id)
        await lose(system, session)
        await engine.get_workflow_handle(workflow_id(session_id)).terminate("an operator's wish")
        # Whoever asks for it by its id brings it back: the list must show it before.
        async with asyncio.timeout(SOON):
            listed = (await until_listed(http, session_id))[session_id]
        assert (listed["status"], listed["end_reason"]) == ("closed", "terminated")
        shown = await until(http, session["session_key"], status="closed", end_reason="terminated")
        assert shown["session_id"] == session_id
        assert await transcript(http, session_id) == said
        assert (await watch(http, session_id, ended)).ended == "terminated"


async def test_a_session_that_was_deleted_stays_deleted_and_holds_up_no_other(system: System) -> None:
    engine = await system.engine()
    async with system.http() as http:
        before, deleted, after = [(await talked(http))[0] for _ in range(3)]
        await lose(system, deleted)
        redis = system.redis()
        await redis.set(keys.gone(deleted["session_id"]), "1")
        for session in (before, deleted, after):
            await engine.get_workflow_handle(workflow_id(session["session_id"])).terminate()
        for session in (before, after):
            await until(http, session["session_id"], status="closed", end_reason="terminated")
        assert (await http.get(f"/v1/sessions/{deleted['session_id']}")).status_code == 404
        assert not await redis.exists(keys.session(deleted["session_id"]))
        await redis.aclose()


async def test_a_session_that_is_terminated_before_it_ran_is_over_and_holds_up_no_other(
    system: System,
) -> None:
    engine = await system.engine()
    async with system.http() as http:
        other, _ = await talked(http)
        system.parts["worker"].kill()
        lost, announced = [(await http.post("/v1/sessions", json={})).json() for _ in range(2)]
        await lose(system, lost)
        for session in (lost, announced, other):
            await engine.get_workflow_handle(workflow_id(session["session_id"])).terminate()
        for session in (other, announced):
            await until(http, session["session_id"], status="closed", end_reason="terminated")
        assert (await http.get(f"/v1/sessions/{lost['session_id']}")).status_code == 404
        await empty(system)
        system.restart("worker")
        await until_listed(http, other["session_id"])
        async with asyncio.timeout(10):
            while (await http.post("/v1/sessions", json={})).status_code != 201:
                await asyncio.sleep(0.1)


async def test_a_cancelled_workflow_closes_its_session(system: System) -> None:
    engine = await system.engine()
    async with system.http() as http:
        session_id = await speaking(system, http)
        watching = asyncio.create_task(watch(http, session_id, ended))
        await engine.get_workflow_handle(workflow_id(session_id)).cancel()
        async with asyncio.timeout(SOON):
            assert (await watching).ended == "cancelled"
        await until(http, session_id, status="closed", end_reason="cancelled")


async def reset_to_the_beginning(engine: Client, session_id: str) -> None:
    """As "Reset" in the Web UI does, to the first workflow task that was completed."""
    await engine.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=engine.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id(session_id)),
            reason="an operator's wish",
            workflow_task_finish_event_id=4,
            request_id=f"reset-{session_id}",
        )
    )


async def test_a_session_that_is_turned_back_tells_its_viewers_where_it_is(system: System) -> None:
    engine = await system.engine()
    async with system.http() as http:
        session, held = await talked(http)
        session_id = session["session_id"]
        await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "once more"})
        held = await watch(http, session_id, answered(2), held)
        resets: list[str] = []

        def again(_: Any, event: dict[str, Any]) -> bool:
            resets.append(event["type"])
            return bool(event["type"] == "reset")

        watching = asyncio.create_task(watch(http, session_id, again, held))
        await asyncio.sleep(0.2)
        await reset_to_the_beginning(engine, session_id)
        async with asyncio.timeout(SOON):
            held = await watching
        held = await watch(http, session_id, turn_over(1) if 1 in held.turns else answered(1), held)
        assert held.messages["a-1.1"].status == "complete"
        sent = await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "and now?"})
        assert sent.status_code == 202
        held = await watch(http, session_id, answered(2), held)
        said = await transcript(http, session_id)
        assert [held.messages[name].text for name, _ in said] == [text for _, text in said]
