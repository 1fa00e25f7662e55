"""What the API would refuse is refused here, with the same words."""

from typing import Any

import pytest
from httpx2 import AsyncClient
from openai import AsyncOpenAI, NotFoundError

from workers.offline.server import OfflineServer


async def refused(offline: OfflineServer, **body: Any) -> dict[str, Any]:
    async with AsyncClient() as http:
        answer = await http.post(f"{offline.url}/responses", json=body)
    assert answer.status_code == 400
    error: dict[str, Any] = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    return error


def message(role: str, part: str) -> list[dict[str, Any]]:
    return [{"role": role, "content": [{"type": part, "text": "x"}]}]


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": "x"}, "model", "missing_required_parameter"),
        ({"model": "m"}, "input", "missing_required_parameter"),
        ({"model": "m", "input": []}, "input", "missing_required_parameter"),
        ({"model": "m", "input": 5}, "input", "invalid_type"),
        ({"model": "m", "input": ["x"]}, "input[0]", "invalid_type"),
        ({"model": "m", "input": "x", "strem": True}, "strem", "unknown_parameter"),
        ({"model": "m", "input": "x", "stream": "maybe"}, "stream", "invalid_value"),
        ({"model": "m", "input": "x", "max_output_tokens": 0}, "max_output_tokens", "invalid_value"),
        ({"model": "m", "input": "x", "reasoning": {"effort": "much"}}, "reasoning.effort", "invalid_value"),
        ({"model": "m", "input": "x", "metadata": {"k": 1}}, "metadata.k", "invalid_value"),
        (
            {"model": "m", "input": "x", "background": True, "store": False},
            "background",
            "unsupported_parameter",
        ),
        ({"model": "m", "input": [{"role": "robot", "content": "x"}]}, "input[0].role", "invalid_value"),
        ({"model": "m", "input": [{"type": "robot"}]}, "input[0].type", "invalid_value"),
        ({"model": "m", "input": message("assistant", "input_text")}, "input[0].content[0]", "invalid_value"),
        ({"model": "m", "input": message("user", "output_text")}, "input[0].content[0]", "invalid_value"),
        (
            {"model": "m", "input": [{"type": "function_call", "call_id": "c", "name": "n"}]},
            "input[0].arguments",
            "missing_required_parameter",
        ),
    ],
)
async def test_what_the_api_refuses(
    offline: OfflineServer, body: dict[str, Any], param: str, code: str
) -> None:
    error = await refused(offline, **body)
    assert (error["param"], error["code"]) == (param, code)


async def test_a_body_that_is_no_json(offline: OfflineServer) -> None:
    async with AsyncClient() as http:
        for raw in (b"{", b"[]", b"", b"\xff"):
            answer = await http.post(f"{offline.url}/responses", content=raw)
            assert answer.status_code == 400
            assert "could not parse" in answer.json()["error"]["message"]


async def test_unknown_ids(client: AsyncOpenAI) -> None:
    for attempt in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
        with pytest.raises(NotFoundError, match="'resp_none' not found"):
            await attempt("resp_none")


async def test_unknown_paths(client: AsyncOpenAI) -> None:
    with pytest.raises(NotFoundError, match=r"Invalid URL \(POST /v1/audio/speech\)"):
        await client.audio.speech.create(input="x", model="m", voice="v")


async def test_models(client: AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["perdure-offline"]


async def test_parts_become_one_text(client: AsyncOpenAI) -> None:
    parts: Any = [
        {"type": "input_text", "text": "repeat after me: "},
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": "data:,", "detail": "auto"},
    ]
    response = await client.responses.create(model="m", input=[{"role": "user", "content": parts}])
    assert response.output_text == "a[image]"
