"""The OpenAPI document against the API, by examples that are drawn from the document."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.api.asking import Http, start
from tests.api.conftest import MakeApp, Serve
from workflows.contract.transcription import MEDIA_TYPES

SESSION = "/v1/sessions/{session_id}"
VOICE = ("listening", "playback", "barge_in")
WITH_INPUT = [
    *("GET /v1/sessions", f"GET {SESSION}", f"PATCH {SESSION}", f"GET {SESSION}/events"),
    *(f"GET {SESSION}/messages", f"POST {SESSION}/messages", "POST /v1/sessions"),
    *(f"GET {SESSION}/messages/last", f"GET {SESSION}/ws", f"POST {SESSION}/audio"),
    *(f"POST {SESSION}/{asked}" for asked in VOICE),
]
OPERATIONS = [
    *("GET /healthz", "GET /readyz", "GET /metrics", f"POST {SESSION}/pause", f"POST {SESSION}/resume"),
    *(f"POST {SESSION}/stop", f"DELETE {SESSION}/messages/{{message_id}}", *WITH_INPUT),
    *(f"POST {SESSION}/open", f"POST {SESSION}/token", f"DELETE {SESSION}"),
    f"GET {SESSION}/audio/{{audio_id}}",
]
ENDLESS = ["GET /v1/events"]
EXAMPLES = 10


@dataclass(frozen=True)
class Described:
    """The document, and what is asked with."""

    schema: Any
    headers: dict[str, str]
    session_id: str
    http: Http


@pytest.fixture(scope="module")
async def described(make_app: MakeApp, serve: Serve) -> AsyncIterator[Described]:
    load_all_checks()
    schemathesis.serializer.alias(list(MEDIA_TYPES.values()), "application/octet-stream")
    app = make_app(keys=(("drawn", "key of drawn"),), transcribes=True)
    async with serve(app) as http:
        http.headers["Authorization"] = "Bearer key of drawn"
        session = await start(http)
        url = f"{http.base_url}/openapi.json"
        schema = await asyncio.to_thread(schemathesis.openapi.from_url, url)
        headers = {"Authorization": "Bearer key of drawn", "Accept": "application/json"}
        yield Described(schema, headers, session["session_id"], http)


def operation_of(described: Described, label: str) -> Any:
    method, _, path = label.partition(" ")
    return described.schema[path][method]


async def test_every_operation_is_examined(described: Described) -> None:
    found = [result.ok().label for result in described.schema.get_all_operations()]
    assert sorted(found) == sorted([*OPERATIONS, *ENDLESS])


@pytest.mark.parametrize("label", OPERATIONS)
async def test_right_requests_get_what_the_document_says(described: Described, label: str) -> None:
    await examine(described, label, GenerationMode.POSITIVE)


@pytest.mark.parametrize("label", WITH_INPUT)
async def test_wrong_requests_get_what_the_document_says(described: Described, label: str) -> None:
    await examine(described, label, GenerationMode.NEGATIVE)


def _excluded(label: str) -> list[Any]:
    """A profile or a cursor that does not exist is well formed; unknown words of a query are ignored."""
    return [positive_data_acceptance, *([negative_data_rejection] if label.startswith("GET") else [])]


async def examine(described: Described, label: str, mode: GenerationMode) -> None:
    operation = operation_of(described, label)
    known = {"session_id": described.session_id} if "{session_id}" in label else {}
    drawn = operation.as_strategy(generation_mode=mode, path_parameters=known, headers=described.headers)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=drawn)
    def each(case: Any) -> None:
        case.call_and_validate(headers=described.headers, excluded_checks=_excluded(label), timeout=10)

    await asyncio.to_thread(each)
