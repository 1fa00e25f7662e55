"""The script is taken in order and by what fits; the ledger tells what was asked and what it cost."""

from typing import Any

import pytest
from httpx2 import AsyncClient, HTTPStatusError
from openai import AsyncOpenAI, InternalServerError
from openai.types.responses import Response

from workers.offline.control_client import ControlClient
from workers.offline.server import OfflineServer


async def answer_to(client: AsyncOpenAI, text: str, **parameters: Any) -> str:
    response: Response = await client.responses.create(model="m", input=text, **parameters)
    return response.output_text


async def test_behaviours_are_taken_in_order(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"text": "one"}, {"text": "two", "times": 2}, {"text": "ever", "times": None})
    assert [await answer_to(client, "x") for _ in range(5)] == ["one", "two", "two", "ever", "ever"]
    assert await control.waiting() == [{"text": "ever", "times": None}]
    await control.reset()
    assert await answer_to(client, "count to 1") == "1."


async def test_behaviours_wait_for_what_they_match(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"text": "for b", "contains": "bee"}, {"text": "for any"})
    assert await answer_to(client, "ant") == "for any"
    assert await answer_to(client, "a bee is here") == "for b"


async def test_matching_looks_at_the_last_user_text_of_the_chain(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    first = await client.responses.create(model="m", input="about bees")
    await control.script({"text": "matched", "contains": "bees"})
    developer: Any = [{"role": "developer", "content": "go on"}]
    assert await answer_to(client, developer, previous_response_id=first.id) == "matched"


async def test_a_refused_request_takes_no_behaviour(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"text": "mine"})
    with pytest.raises(Exception, match="Unknown parameter"):
        await client.responses.create(model="m", input="x", extra_body={"nonsense": 1})
    assert await answer_to(client, "x") == "mine"


async def test_other_occasions(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script(
        {"on": "moderate", "status": 500}, {"on": "cancel", "status": 500}, {"on": "retrieve", "status": 500}
    )
    queued = await client.responses.create(model="m", input="x", background=True)
    with pytest.raises(InternalServerError):
        await client.moderations.create(input="x")
    with pytest.raises(InternalServerError):
        await client.responses.cancel(queued.id)
    with pytest.raises(InternalServerError):
        await client.responses.retrieve(queued.id)
    assert await control.waiting() == []


@pytest.mark.parametrize(
    "nonsense",
    [
        {"statuss": 500},
        {"status": 200},
        {"times": 0},
        {"stall_after": 3},
        {"cut_after": 1, "end_after": 1},
        {"text": "x", "tokens": 1},
        {"on": "cancel", "cut_after": 1},
        {"on": "retrieve", "tokens": 1},
        {"on": "moderate", "tokens": 1},
        {"on": "moderate", "end_after": 1},
        {"delay": 1},
        {"on": "retrieve", "delay": 1},
        {"cut_after": -1},
    ],
)
async def test_nonsense_is_refused(control: ControlClient, nonsense: dict[str, Any]) -> None:
    with pytest.raises(HTTPStatusError, match="422"):
        await control.script({"text": "fine"}, nonsense)
    assert await control.waiting() == []


async def test_requests_are_recorded(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 3}, {"status": 500})
    response = await client.responses.create(model="m", input="x", instructions="i")
    with pytest.raises(InternalServerError):
        await client.responses.create(model="m", input="y")
    await client.responses.retrieve(response.id)
    created, rejected, retrieved = await control.requests()
    assert created == {
        "connection": rejected["connection"],
        "method": "POST",
        "path": "/v1/responses",
        "query": {},
        "body": {"model": "m", "input": "x", "instructions": "i"},
        "http_status": 200,
        "response_id": response.id,
        "deltas": 3,
        "final_status": "completed",
    }
    assert (rejected["http_status"], rejected["response_id"], rejected["deltas"]) == (500, None, 0)
    assert (retrieved["method"], retrieved["response_id"]) == ("GET", response.id)


async def test_everything_is_counted(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 3}, {"status": 500}, {"tokens": 2, "fail_after": 1})
    response = await client.responses.create(model="m", input="x")
    with pytest.raises(InternalServerError):
        await client.responses.create(model="m", input="x")
    await client.responses.create(model="m", input="x")
    await client.responses.retrieve(response.id)
    await client.responses.delete(response.id)
    await client.moderations.create(input="x")
    expected = {
        "creates": 3,
        "retrieves": 1,
        "cancels": 0,
        "deletes": 1,
        "moderations": 1,
        "generations_started": 2,
        "generations_finished": 2,
        "generations_cancelled": 0,
        "generations_abandoned": 0,
        "deltas": 4,
    }
    assert await control.stats() == expected
    await control.reset()
    assert set((await control.stats()).values()) == {0}
    assert await control.requests() == []


@pytest.mark.parametrize("path", ["_script", "_requests", "_stats"])
async def test_control_is_not_for_pages_that_rebind_their_name(offline: OfflineServer, path: str) -> None:
    async with AsyncClient() as http:
        answer = await http.get(f"{offline.control_url}/{path}", headers={"Host": "evil.example:80"})
        assert answer.status_code == 403
        answer = await http.get(f"{offline.control_url}/{path}", headers={"Host": "localhost:80"})
        assert answer.status_code == 200
