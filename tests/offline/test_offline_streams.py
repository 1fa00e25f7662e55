"""What a reader of a stream gets: the API's events, in order, valid, and resumable at every place."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient
from openai import AsyncOpenAI
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from workers.offline.control_client import ControlClient
from workers.offline.server import OfflineServer

TYPED_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
MESSAGE_EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
WEIRD = {
    "nul": "a\x00b",
    "line separators": "a\u2028b\u2029c\x85d",
    "lone carriage return": "a\rb\r\nc\r",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7 \u2764\ufe0f",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c \u0645\u0631\u062d\u0628\u0627",
    "combining": "e\u0301\u0302 \u0928\u092e\u0938\u094d\u0924\u0947",
    "framing": 'data: x\n\nevent: y\ndata: {"type":"response.completed"}\n\n',
    "spaces": "  \t \n\n  x   \n ",
    "byte order mark": "\ufeffx",
}


async def events_of(offline: OfflineServer, **body: Any) -> list[tuple[str, dict[str, Any]]]:
    async with AsyncClient() as http:
        answer = await http.post(f"{offline.url}/responses", json={"model": "m", "stream": True} | body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    frames = answer.text.split("\n\n")
    assert frames.pop() == ""
    parsed = [frame.split("\n") for frame in frames]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in parsed]


async def text_of(client: AsyncOpenAI, **parameters: Any) -> str:
    stream = await client.responses.create(model="m", stream=True, **parameters)
    return "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])


async def test_a_stream_tells_its_story_in_the_order_of_the_api(offline: OfflineServer) -> None:
    events = await events_of(offline, input="count to 5")
    assert list(dict.fromkeys(kind for kind, _ in events)) == MESSAGE_EVENTS
    assert [event["sequence_number"] for _, event in events] == list(range(len(events)))
    assert all(event["type"] == kind for kind, event in events)


async def test_every_event_is_valid_for_the_types_of_the_client(
    offline: OfflineServer, control: ControlClient
) -> None:
    await control.script({"text": "first", "function_call": {"name": "look", "arguments": {"at": 1}}})
    body: dict[str, Any] = {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "background": True,
        "reasoning": {"effort": "low"},
        "metadata": {"a": "b"},
        "tools": [{"type": "function", "name": "look", "parameters": {}, "strict": True}],
    }
    events = await events_of(offline, **body)
    for _, event in events:
        TYPED_EVENT.validate_python(event)
    assert "response.queued" in [kind for kind, _ in events]
    assert "response.function_call_arguments.done" in [kind for kind, _ in events]


@pytest.mark.parametrize(
    ("behaviour", "last"),
    [
        ({"fail_after": 2}, "response.failed"),
        ({"incomplete_after": 2}, "response.incomplete"),
        ({}, "response.completed"),
    ],
)
async def test_every_end_is_valid_and_carries_usage(
    offline: OfflineServer, control: ControlClient, behaviour: dict[str, Any], last: str
) -> None:
    await control.script({"tokens": 5} | behaviour)
    kind, event = (await events_of(offline, input="x"))[-1]
    TYPED_EVENT.validate_python(event)
    assert kind == last
    assert event["response"]["usage"]["output_tokens"] == (2 if behaviour else 5)


async def test_without_a_stream_the_object_is_valid_and_the_text_the_same(
    offline: OfflineServer, client: AsyncOpenAI
) -> None:
    async with AsyncClient() as http:
        body = {"model": "m", "input": "tell me a story", "temperature": 0, "parallel_tool_calls": False}
        answer = (await http.post(f"{offline.url}/responses", json=body)).json()
    response = Response.model_validate(answer)
    assert response.output_text == await text_of(client, input="tell me a story")
    assert response.temperature == 0
    assert response.parallel_tool_calls is False
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


async def test_the_deltas_are_the_text_and_the_text_is_everywhere_the_same(offline: OfflineServer) -> None:
    events = await events_of(offline, input="tell me a long story")
    told = "".join(event["delta"] for kind, event in events if kind == "response.output_text.delta")
    done = next(event["text"] for kind, event in events if kind == "response.output_text.done")
    final = events[-1][1]["response"]["output"][0]["content"][0]["text"]
    assert told == done == final
    assert len(told.split()) > 800


@pytest.mark.parametrize("weird", WEIRD.values(), ids=WEIRD)
async def test_any_text_comes_back_unharmed(client: AsyncOpenAI, weird: str) -> None:
    assert await text_of(client, input=f"repeat after me: |{weird}|") == f"|{weird}|"
    assert weird in await text_of(client, input=f"I say {weird} to you")


async def test_even_a_lone_surrogate_is_answered(offline: OfflineServer) -> None:
    async with AsyncClient() as http:
        raw = b'{"model":"m","input":"repeat after me: |\\ud800|"}'
        answer = await http.post(f"{offline.url}/responses", content=raw)
    assert b"|\\ud800|" in answer.content


async def test_resuming_at_every_place_gives_the_same_text(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 12})
    stream = await client.responses.create(model="m", input="x", stream=True, background=True)
    whole = [event async for event in stream]
    response_id = whole[0].response.id if whole[0].type == "response.created" else ""
    for place in range(-1, len(whole) + 1):
        resumed = await client.responses.retrieve(response_id, stream=True, starting_after=place)
        rest = [event async for event in resumed]
        assert whole[: place + 1] + rest == whole


async def test_two_readers_see_the_same_and_nothing_is_generated_twice(
    client: AsyncOpenAI, control: ControlClient
) -> None:
    await control.script({"tokens": 30, "tokens_per_second": 300})
    first = await client.responses.create(model="m", input="x", stream=True, background=True)
    created = await anext(aiter(first))
    assert created.type == "response.created"
    second = await client.responses.retrieve(created.response.id, stream=True)
    assert [event async for event in second][1:] == [event async for event in first]
    assert (await control.stats())["deltas"] == 30
