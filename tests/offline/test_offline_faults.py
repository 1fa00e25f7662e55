"""Every scripted fault, as the real client meets it."""

import json
import time
from typing import Any

import pytest
from httpx2 import AsyncClient
from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    AsyncStream,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from openai.types.responses import ResponseFunctionToolCall, ResponseStreamEvent

from workers.offline.control_client import ControlClient
from workers.offline.server import OfflineServer


async def read(client: AsyncOpenAI, **parameters: Any) -> tuple[list[str], str]:
    """Return the deltas and the type of the last event."""
    deltas, last = [], ""
    async for event in await client.responses.create(model="m", input="x", stream=True, **parameters):
        last = event.type
        if event.type == "response.output_text.delta":
            deltas.append(event.delta)
    return deltas, last


async def read_into(seen: list[ResponseStreamEvent], stream: AsyncStream[ResponseStreamEvent]) -> None:
    """Keep what comes before an error."""
    async for event in stream:
        seen.append(event)  # noqa: PERF401 - a comprehension keeps nothing when it is interrupted


def deltas_of(events: list[ResponseStreamEvent]) -> list[str]:
    return [event.delta for event in events if event.type == "response.output_text.delta"]


@pytest.mark.parametrize("retry_after", [1, 0.25])
async def test_429_says_when_to_come_back(
    client: AsyncOpenAI, control: ControlClient, retry_after: float
) -> None:
    await control.script({"status": 429, "retry_after": retry_after})
    with pytest.raises(RateLimitError) as caught:
        await read(client)
    assert float(caught.value.response.headers["retry-after"]) == retry_after
    assert caught.value.code == "rate_limit_exceeded"
    assert (await read(client))[1] == "response.completed"


@pytest.mark.parametrize(
    ("status", "kind", "error_type"),
    [
        (500, InternalServerError, "server_error"),
        (503, InternalServerError, "server_error"),
        (400, BadRequestError, "invalid_request_error"),
        (404, NotFoundError, "invalid_request_error"),
    ],
)
async def test_an_error_status_has_the_body_of_the_api(
    client: AsyncOpenAI, control: ControlClient, status: int, kind: type[APIStatusError], error_type: str
) -> None:
    await control.script({"status": status, "code": "my_code"})
    with pytest.raises(kind) as caught:
        await client.responses.create(model="m", input="x")
    assert (caught.value.code, caught.value.type) == ("my_code", error_type)
    assert (await control.stats())["generations_started"] == 0


async def test_a_cut_connection_is_an_error_and_stops_the_generation(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 50, "cut_after": 7})
    stream = await client.responses.create(model="m", input="x", stream=True)
    seen: list[ResponseStreamEvent] = []
    with pytest.raises(APIConnectionError):
        await read_into(seen, stream)
    assert deltas_of(seen) == [f"w{number} " for number in range(7)]
    record = (await control.requests())[-1]
    assert (record["deltas"], record["final_status"]) == (7, "incomplete")
    assert (await control.stats())["generations_abandoned"] == 1


@pytest.mark.parametrize("cut", [0, 1, 5, 11, 12])
async def test_a_background_stream_goes_on_behind_a_cut_and_can_be_followed_live(
    client: AsyncOpenAI, control: ControlClient, cut: int
) -> None:
    await control.script({"tokens": 12, "cut_after": cut, "tokens_per_second": 400})
    stream = await client.responses.create(model="m", input="x", stream=True, background=True)
    seen: list[ResponseStreamEvent] = []
    with pytest.raises(APIConnectionError):
        await read_into(seen, stream)
    assert deltas_of(seen) == [f"w{number} " for number in range(cut)]
    assert seen[0].type == "response.created"
    await read_into(
        seen,
        await client.responses.retrieve(
            seen[0].response.id, stream=True, starting_after=seen[-1].sequence_number
        ),
    )
    assert deltas_of(seen) == [f"w{number} " for number in range(12)]
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert (await control.stats())["generations_started"] == 1


async def test_an_early_end_looks_complete_but_for_its_terminal_event(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 50, "end_after": 7})
    deltas, last = await read(client)
    assert (len(deltas), last) == (7, "response.output_text.delta")
    assert (await control.stats())["deltas"] == 7


async def test_malformed_json_takes_the_place_of_one_event(
    offline: OfflineServer, client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 5, "malformed_after": 2, "times": 2})
    with pytest.raises(json.JSONDecodeError):
        await read(client)
    async with AsyncClient() as http:
        raw = await http.post(f"{offline.url}/responses", json={"model": "m", "input": "x", "stream": True})
    lines = [line.removeprefix("data: ") for line in raw.text.splitlines() if line.startswith("data: ")]
    broken = [line for line in lines if not is_json(line)]
    assert len(broken) == 1
    assert '"delta":"w2 "' in broken[0]
    assert '"response.completed"' in lines[-1]


async def test_malformed_json_harms_one_connection_only(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 5, "malformed_after": 0})
    stream = await client.responses.create(model="m", input="x", stream=True, background=True)
    created = await anext(aiter(stream))
    assert created.type == "response.created"
    with pytest.raises(json.JSONDecodeError):
        [event async for event in stream]
    again = await client.responses.retrieve(created.response.id, stream=True)
    assert len([event async for event in again if event.type == "response.output_text.delta"]) == 5


async def test_a_failure_in_the_stream(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 9, "fail_after": 4, "code": "rate_limit_exceeded"})
    stream = await client.responses.create(model="m", input="x", stream=True)
    *events, last = [event async for event in stream]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert (last.response.status, last.response.error.code) == ("failed", "rate_limit_exceeded")
    assert len(deltas_of(events)) == 4
    assert events[-1].type == "response.output_text.delta"


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
async def test_an_incomplete_response(client: AsyncOpenAI, control: ControlClient, reason: str) -> None:
    await control.script({"tokens": 9, "incomplete_after": 4, "reason": reason})
    response = await client.responses.create(model="m", input="x")
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == reason
    assert response.output_text == "w0 w1 w2 w3 "


async def test_max_output_tokens_makes_a_response_incomplete(client: AsyncOpenAI) -> None:
    cut = await client.responses.create(model="m", input="count to 100", max_output_tokens=3)
    assert cut.incomplete_details is not None
    assert (cut.output_text, cut.incomplete_details.reason) == ("1, 2", "max_output_tokens")
    enough = await client.responses.create(model="m", input="count to 2", max_output_tokens=100)
    assert enough.status == "completed"


@pytest.mark.parametrize(
    "behaviour",
    [
        {"first_token_delay": 0.15},
        {"stall_after": 2, "seconds": 0.15},
        {"stall_after": 5, "seconds": 0.15},
        {"tokens_per_second": 4 / 0.15},
        {"tokens_per_second": 3 / 0.1, "stall_after": 1, "seconds": 0.05},
    ],
)
async def test_slowness(client: AsyncOpenAI, control: ControlClient, behaviour: dict[str, Any]) -> None:
    await control.script({"tokens": 5} | behaviour)
    started = time.monotonic()
    deltas, last = await read(client)
    assert time.monotonic() - started >= 0.15
    assert (len(deltas), last) == (5, "response.completed")


async def test_an_exact_text(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"text": "Exactly  this\r\n."})
    assert "".join((await read(client))[0]) == "Exactly  this\r\n."


async def test_no_text_at_all(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 0})
    assert await read(client) == ([], "response.completed")


async def test_tokens_are_exact_and_unique(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 300})
    assert (await read(client))[0] == [f"w{number} " for number in range(300)]


async def test_function_calls(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script(
        {"function_call": [{"name": "a", "arguments": {"x": "y"}}, {"name": "b", "arguments": "{"}]}
    )
    response = await client.responses.create(model="m", input="x")
    calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
    assert [(call.name, call.arguments) for call in calls] == [("a", '{"x": "y"}'), ("b", "{")]
    assert len({call.call_id for call in calls}) == len(response.output) == 2


async def test_background_can_be_refused(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"reject_background": True, "times": None}, {"text": "in the foreground"})
    for _ in range(2):
        with pytest.raises(BadRequestError) as caught:
            await read(client, background=True)
        assert caught.value.param == "background"
    assert "".join((await read(client))[0]) == "in the foreground"


async def test_faults_of_a_resumed_stream(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"tokens": 10}, {"on": "retrieve", "status": 500})
    await control.script(*({"on": "retrieve", "cut_after": cut} for cut in (4, 0)))
    created = await client.responses.create(model="m", input="x", background=True, stream=True)
    events = [event async for event in created]
    assert events[0].type == "response.created"
    response_id = events[0].response.id
    with pytest.raises(InternalServerError):
        await client.responses.retrieve(response_id, stream=True, starting_after=7)
    for expected in (events[8:12], []):
        resumed = await client.responses.retrieve(response_id, stream=True, starting_after=7)
        seen: list[ResponseStreamEvent] = []
        with pytest.raises(APIConnectionError):
            await read_into(seen, resumed)
        assert seen == expected


@pytest.mark.parametrize("behaviour", [{"cut_after": 0}, {"end_after": 0}])
async def test_a_body_breaks_too(
    client: AsyncOpenAI, control: ControlClient, behaviour: dict[str, Any]
) -> None:
    await control.script(behaviour)
    with pytest.raises(APIConnectionError):
        await client.responses.create(model="m", input="x")


async def test_a_body_can_be_malformed(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"malformed_after": 0})
    with pytest.raises(json.JSONDecodeError):
        await client.responses.create(model="m", input="x")


def is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
