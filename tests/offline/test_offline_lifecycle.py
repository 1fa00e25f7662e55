"""What happens to a response: kept, found, cancelled, deleted, abandoned, forgotten."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from openai import APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream, BadRequestError, NotFoundError
from openai.types.responses import Response, ResponseStreamEvent

from workers.offline.control_client import ControlClient
from workers.offline.server import OfflineSettings, running

SLOWLY = {"tokens": 1000, "tokens_per_second": 200}


async def begin(client: AsyncOpenAI, **parameters: Any) -> tuple[str, AsyncStream[ResponseStreamEvent]]:
    """Return a stream that has shown its first delta, and the id of its response."""
    stream = await client.responses.create(model="m", input="x", stream=True, **parameters)
    response_id = ""
    async for event in stream:
        if event.type == "response.created":
            response_id = event.response.id
        if event.type == "response.output_text.delta":
            break
    return response_id, stream


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(3):
        while not await is_so():
            await asyncio.sleep(0.01)


async def test_a_background_response_can_be_polled(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 20, "tokens_per_second": 200})
    queued = await client.responses.create(model="m", input="x", background=True)
    assert queued.status == "queued"

    async def done() -> bool:
        return (await client.responses.retrieve(queued.id)).status == "completed"

    await eventually(done)
    assert (await client.responses.retrieve(queued.id)).output_text.split()[-1] == "w19"


async def test_cancel_stops_generating(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script(SLOWLY)
    response_id, stream = await begin(client, background=True)
    cancelled = await client.responses.cancel(response_id)
    assert (cancelled.status, cancelled.output) == ("cancelled", [])
    *_, last = [event async for event in stream]
    assert last.type == "response.failed"
    assert last.response.status == "cancelled"
    before = (await control.requests())[0]["deltas"]
    await asyncio.sleep(0.05)
    assert (await control.requests())[0]["deltas"] == before < 100
    assert (await control.stats())["generations_cancelled"] == 1


async def test_cancelling_twice_changes_nothing(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script(SLOWLY)
    queued = await client.responses.create(model="m", input="x", background=True)
    first = await client.responses.cancel(queued.id)
    assert await client.responses.cancel(queued.id) == first
    assert (await control.stats())["generations_cancelled"] == 1
    with pytest.raises(BadRequestError):
        await client.responses.create(model="m", input="y", previous_response_id=queued.id)


async def test_only_background_responses_in_progress_can_be_cancelled(client: AsyncOpenAI) -> None:
    foreground = await client.responses.create(model="m", input="x")
    with pytest.raises(BadRequestError, match="Cannot cancel a synchronous response"):
        await client.responses.cancel(foreground.id)
    response_id, stream = await begin(client, background=True)
    [event async for event in stream]
    with pytest.raises(BadRequestError, match="Cannot cancel a completed response"):
        await client.responses.cancel(response_id)


async def test_a_foreground_stream_that_nobody_reads_stops_generating(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script(SLOWLY)
    response_id, stream = await begin(client)
    await stream.close()

    async def abandoned() -> bool:
        return (await control.stats())["generations_abandoned"] == 1

    await eventually(abandoned)
    assert (await client.responses.retrieve(response_id)).status == "incomplete"
    with pytest.raises(BadRequestError, match="background=true"):
        await client.responses.retrieve(response_id, stream=True)
    with pytest.raises(BadRequestError) as caught:
        await client.responses.create(model="m", input="y", previous_response_id=response_id)
    assert caught.value.code == "previous_response_not_found"
    assert (await control.stats())["deltas"] < 100


async def test_a_body_that_nobody_waits_for_stops_generating(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script(SLOWLY)
    with pytest.raises(APITimeoutError):
        await client.responses.create(model="m", input="x", timeout=0.1)

    async def abandoned() -> bool:
        return (await control.stats())["generations_abandoned"] == 1

    await eventually(abandoned)


async def test_a_background_stream_that_nobody_reads_goes_on(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 30, "tokens_per_second": 300})
    response_id, stream = await begin(client, background=True)
    await stream.close()
    resumed = await client.responses.retrieve(response_id, stream=True)
    *_, last = [event async for event in resumed]
    assert last.type == "response.completed"
    assert last.response.output_text.split() == [f"w{number}" for number in range(30)]


async def test_a_foreground_response_is_not_found_while_it_runs(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 20, "tokens_per_second": 200})
    response_id, stream = await begin(client)
    with pytest.raises(NotFoundError):
        await client.responses.retrieve(response_id)
    [event async for event in stream]
    assert (await client.responses.retrieve(response_id)).status == "completed"


async def test_streams_can_only_be_resumed_when_they_were_made_so(client: AsyncOpenAI) -> None:
    queued = await client.responses.create(model="m", input="x", background=True)
    with pytest.raises(BadRequestError, match="stream=true"):
        await client.responses.retrieve(queued.id, stream=True)


async def test_what_is_deleted_is_gone(client: AsyncOpenAI) -> None:
    response = await client.responses.create(model="m", input="x")
    await client.responses.delete(response.id)
    with pytest.raises(NotFoundError) as caught:
        await client.responses.retrieve(response.id)
    assert caught.value.body == {
        "message": f"Response with id '{response.id}' not found.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


async def test_what_runs_cannot_be_deleted(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script(SLOWLY)
    queued = await client.responses.create(model="m", input="x", background=True)
    with pytest.raises(BadRequestError, match="in-flight"):
        await client.responses.delete(queued.id)
    await client.responses.cancel(queued.id)
    await client.responses.delete(queued.id)


async def test_what_is_not_stored_is_not_found(client: AsyncOpenAI) -> None:
    response = await client.responses.create(model="m", input="x", store=False)
    for attempt in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
        with pytest.raises(NotFoundError):
            await attempt(response.id)
    with pytest.raises(BadRequestError) as caught:
        await client.responses.create(model="m", input="y", previous_response_id=response.id)
    assert caught.value.code == "previous_response_not_found"


async def test_forgetting_loses_the_chain_and_the_stream_but_not_the_generation(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 30, "tokens_per_second": 300}, {"forget": True})
    response_id, stream = await begin(client, background=True)
    with pytest.raises(APIStatusError) as caught:
        await client.responses.create(model="m", input="y", previous_response_id=response_id)
    assert caught.value.body == {
        "message": f"Previous response with id '{response_id}' not found.",
        "type": "invalid_request_error",
        "param": "previous_response_id",
        "code": "previous_response_not_found",
    }
    with pytest.raises(NotFoundError):
        await client.responses.retrieve(response_id, stream=True)
    *_, last = [event async for event in stream]
    assert last.type == "response.completed"


async def test_memory_is_bounded() -> None:
    settings = OfflineSettings(
        tokens_per_second=0, first_token_delay=0, kept_responses=3, kept_streams=2, kept_requests=4
    )
    async with running(settings) as server, AsyncOpenAI(base_url=server.url, api_key="x") as client:
        responses = [await finished(client) for _ in range(3)]
        with pytest.raises(BadRequestError, match="no longer be streamed"):
            await client.responses.retrieve(responses[0].id, stream=True)
        await client.responses.retrieve(responses[2].id, stream=True)
        assert (await client.responses.retrieve(responses[0].id)).output_text == responses[0].output_text
        await finished(client)
        with pytest.raises(NotFoundError):
            await client.responses.retrieve(responses[1].id)
        await client.responses.retrieve(responses[0].id)
        async with ControlClient(server.control_url) as control:
            assert len(await control.requests()) == 4


async def test_a_bug_in_a_generation_leaves_no_reader_waiting(
    client: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_response: object, _plan: object) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("a bug")

    monkeypatch.setattr("workers.offline.model.generate", broken)
    stream = await client.responses.create(model="m", input="x", stream=True)
    *_, last = [event async for event in stream]
    assert last.type == "response.failed"
    assert "a bug" in caplog.text


async def test_a_chain_that_is_used_is_not_forgotten_for_others() -> None:
    settings = OfflineSettings(tokens_per_second=0, first_token_delay=0, kept_responses=3)
    async with running(settings) as server, AsyncOpenAI(base_url=server.url, api_key="x") as client:
        told = await client.responses.create(model="m", input="my name is Ada")
        await client.responses.create(model="m", input="another")
        then = await client.responses.create(model="m", input="hello", previous_response_id=told.id)
        await client.responses.create(model="m", input="yet another")
        asked = await client.responses.create(
            model="m", input="what is my name?", previous_response_id=then.id
        )
        assert asked.output_text == "Your name is Ada."


async def test_a_server_in_this_process_leaves_its_signals_alone() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with running(OfflineSettings()):
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def finished(client: AsyncOpenAI) -> Response:
    stream = await client.responses.create(model="m", input="hello", stream=True, background=True)
    *_, last = [event async for event in stream]
    assert last.type == "response.completed"
    return last.response


async def test_stopping_the_server_ends_open_streams_as_a_death_would() -> None:
    loop = asyncio.get_running_loop()
    async with AsyncOpenAI(base_url="http://127.0.0.1:1/v1", api_key="x", max_retries=0) as client:
        async with running(OfflineSettings(tokens_per_second=20)) as server:
            client.base_url = server.url
            _, stream = await begin(client)
            stopping = loop.time()
        assert loop.time() - stopping < 0.8
        with pytest.raises(Exception, match=r"Connection error|peer closed"):
            [event async for event in stream]
