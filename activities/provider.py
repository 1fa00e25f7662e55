"""The model's provider: the Responses API, reduced to what a model step needs.

Owns requests and the reading of their streams; must not know logs, turns or retries. The client's typed
events cost ten times what reading the lines does, so the lines are read here.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import openai
from openai import AsyncOpenAI
from pydantic_core import from_json

from activities.failures import ProviderError, ResponseGoneError, from_code, from_exception
from activities.server_sent_events import data_fields
from workflows.contract.errors import FailureKind
from workflows.contract.model_call import ModelCall
from workflows.contract.profile import CallMode
from workflows.contract.session import TranscriptMessage, Usage

POLL_SECONDS: Final = 1.0
FAREWELL_SECONDS: Final = 0.05
GO_ON: Final = "You were interrupted there. Go on right behind your last sentence, and repeat nothing of it."


@dataclass(frozen=True)
class Opened:
    """The provider has begun; a background response can be resumed from now on."""

    response_id: str
    cursor: int


@dataclass(frozen=True)
class TextDelta:
    """The next piece of the answer."""

    text: str
    cursor: int


@dataclass(frozen=True)
class WholeText:
    """The answer so far, from its beginning: what polling gives instead of deltas."""

    text: str


@dataclass(frozen=True)
class Ended:
    """The answer is complete."""

    response_id: str
    usage: Usage


ProviderEvent = Opened | TextDelta | WholeText | Ended


class Provider:
    """One client for all calls: a new one costs 27 ms."""

    def __init__(self, client: AsyncOpenAI) -> None:
        # Temporal and the workflow's timers retry; the client's own would pay twice.
        self._client = client.with_options(max_retries=0)

    async def create(
        self, call: ModelCall, messages: Sequence[TranscriptMessage], previous: str | None, shown: str = ""
    ) -> AsyncGenerator[ProviderEvent]:
        """Generate an answer, or the rest of one of which `shown` was told already; the events of its stream.

        Raises ProviderError, or ResponseGoneError when `previous` is forgotten.
        """
        async with _translated():
            request = self._client.responses.with_streaming_response.create(
                **_parameters(call, messages, previous, shown)
            )
            async with request as response:
                async for event in _events(response.iter_bytes()):
                    yield event

    async def resume(self, response_id: str, after: int) -> AsyncGenerator[ProviderEvent]:
        """The events of a background response behind `after`, live.

        Raises ProviderError, or ResponseGoneError when the provider no longer has it.
        """
        request = self._client.responses.with_streaming_response.retrieve(
            response_id, stream=True, starting_after=after
        )
        async with _translated(of_response=True):
            try:
                async with request as response:
                    async for event in _events(response.iter_bytes()):
                        yield event
            except openai.BadRequestError:
                # Too old to be streamed, but still there.
                async for event in self._poll(response_id):
                    yield event

    async def _poll(self, response_id: str) -> AsyncGenerator[ProviderEvent]:
        """Ask for a response until it is done."""
        while True:
            response = (await self._client.responses.retrieve(response_id)).model_dump()
            if response["status"] not in {"queued", "in_progress"}:
                break
            await asyncio.sleep(POLL_SECONDS)
        yield WholeText(_output_text(response))
        yield _ended(response)

    async def give_up(self, response_id: str) -> None:
        """Ask the provider to stop a background response; whether it does is its own affair."""
        with suppress(openai.OpenAIError):
            await self._client.responses.cancel(response_id)


@asynccontextmanager
async def _translated(*, of_response: bool = False) -> AsyncIterator[None]:
    """Turn the client's errors into ours; `of_response`: a 404 says that the response is gone."""
    try:
        yield
    except (ProviderError, ResponseGoneError):
        raise
    except Exception as error:
        gone = of_response and isinstance(error, openai.NotFoundError)
        meaning = ResponseGoneError() if gone else from_exception(error)
        if meaning is None:
            raise
        raise meaning from error


def _input(call: ModelCall, messages: Sequence[TranscriptMessage], shown: str) -> list[dict[str, str]]:
    items = [{"role": message.role, "content": message.content} for message in messages]
    items += [{"role": "developer", "content": call.cue}] if call.cue else []
    if shown:
        items += [{"role": "assistant", "content": shown}, {"role": "developer", "content": GO_ON}]
    return items


def _parameters(
    call: ModelCall, messages: Sequence[TranscriptMessage], previous: str | None, shown: str
) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "model": call.model,
        "instructions": call.instructions,
        "input": _input(call, messages, shown),
        "stream": True,
        "store": call.mode is not CallMode.STATELESS,
    }
    if call.mode is CallMode.BACKGROUND:
        parameters["background"] = True
    if previous is not None:
        parameters["previous_response_id"] = previous
    if call.effort is not None:
        parameters["reasoning"] = {"effort": call.effort.value}
    if call.max_output_tokens is not None:
        parameters["max_output_tokens"] = call.max_output_tokens
    return parameters


async def _events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[ProviderEvent]:
    """The events of a stream up to its terminal one."""
    fields = data_fields(chunks)
    async for field in fields:
        event = from_json(field)
        match event["type"]:
            case "response.output_text.delta" | "response.refusal.delta":
                yield TextDelta(event["delta"], event["sequence_number"])
            case "response.created":
                yield Opened(event["response"]["id"], event["sequence_number"])
            case "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled":
                ended = _ended(event["response"])
                await _read_to_end(fields)
                yield ended
                return
            case "error":
                raise from_code(event.get("code"))
            case _:
                pass
    raise ProviderError(FailureKind.INCOMPLETE_STREAM)


async def _read_to_end(fields: AsyncIterator[bytes]) -> None:
    """A stream that was read to its end leaves its connection to the next call; none is waited for long."""
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            async for _ in fields:
                pass


def _ended(response: dict[str, Any]) -> Ended:
    if response["status"] == "incomplete":
        reason = (response.get("incomplete_details") or {}).get("reason")
        if reason != "max_output_tokens":
            raise from_code("content_filter")
    elif response["status"] != "completed":
        raise from_code((response.get("error") or {}).get("code"))
    return Ended(response["id"], _usage(response.get("usage") or {}))


def _usage(usage: dict[str, Any]) -> Usage:
    return Usage(
        input_tokens=usage.get("input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        cached_tokens=(usage.get("input_tokens_details") or {}).get("cached_tokens", 0),
    )


def _output_text(response: dict[str, Any]) -> str:
    return "".join(
        part.get("text") or part.get("refusal") or ""
        for item in response.get("output") or []
        if item.get("type") == "message"
        for part in item.get("content") or []
    )
