"""Every scripted fault as a client meets it, and the ledger."""

import asyncio
import time
import wave
from typing import Any

import pytest
from httpx2 import AsyncClient, HTTPStatusError, RemoteProtocolError
from openai import APIConnectionError, AsyncOpenAI, InternalServerError, RateLimitError

from tests.offline_speech.sound import SENTENCE, heard, sound, spoken
from workers.offline.control_client import ControlClient
from workers.offline_speech.server import OfflineSpeechServer


async def test_a_status_with_the_time_to_come_back(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"status": 429, "retry_after": 0.25})
    with pytest.raises(RateLimitError) as caught:
        await spoken(client)
    assert caught.value.response.headers["retry-after"] == "0.25"
    assert caught.value.code == "rate_limit_exceeded"
    assert (await sound(client)).energy > 500
    assert (await control.stats())["syntheses_started"] == 1


async def test_the_next_calls_and_only_those_that_say_so(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"status": 500, "times": 2, "contains": "bee"})
    for _ in range(2):
        await spoken(client, "an ant")
        with pytest.raises(InternalServerError):
            await spoken(client, "a bee")
    assert (await sound(client, "a bee")).energy > 500


async def test_faults_for_ever_until_they_are_taken_back(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"status": 503, "times": None})
    for _ in range(3):
        with pytest.raises(InternalServerError):
            await spoken(client)
    assert await control.waiting() == [{"status": 503, "times": None}]
    await control.reset()
    await spoken(client)


async def test_a_refused_request_takes_no_behaviour(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"status": 500})
    with pytest.raises(Exception, match="response_format"):
        await spoken(client, response_format="mp3")
    with pytest.raises(InternalServerError):
        await spoken(client)


async def test_a_delay_holds_up_nobody_else(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"delay": 0.3, "contains": "slow"})
    began = time.monotonic()
    slow = asyncio.create_task(spoken(client, "slow"))
    while await control.waiting():
        await asyncio.sleep(0.01)
    await spoken(client, "quick")
    assert not slow.done()
    assert heard(await slow).energy > 100
    assert time.monotonic() - began >= 0.3


async def test_a_delay_before_a_status(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"delay": 0.2, "status": 500})
    began = time.monotonic()
    with pytest.raises(InternalServerError):
        await spoken(client)
    assert time.monotonic() - began >= 0.2


async def test_a_short_body_promises_more_than_it_holds(client: AsyncOpenAI, control: ControlClient) -> None:
    whole = await spoken(client)
    await control.script({"body": "short"})
    short = await spoken(client)
    assert short == whole[: len(short)]
    assert 0.45 < len(short) / len(whole) < 0.55


async def test_a_silent_body_is_as_long(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"body": "silent"})
    silent, loud = await sound(client), await sound(client)
    assert silent.seconds == loud.seconds
    assert silent.energy == 0


async def test_a_body_that_is_no_wav(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({"body": "not_wav"})
    with pytest.raises(wave.Error):
        await sound(client)


@pytest.mark.parametrize("cut", [0, 44, 5000])
async def test_a_dropped_connection(
    speech: OfflineSpeechServer, control: ControlClient, client: AsyncOpenAI, cut: int
) -> None:
    await control.script({"cut_after": cut, "times": 2})
    with pytest.raises(APIConnectionError):
        await spoken(client)
    seen = bytearray()
    with pytest.raises(RemoteProtocolError):
        await read_into(seen, f"{speech.url}/audio/speech")
    assert seen == (await spoken(client))[:cut]


async def read_into(seen: bytearray, url: str) -> None:
    """Keep what comes before an error."""
    body = {"model": "m", "input": SENTENCE, "voice": "alloy"}
    async with AsyncClient() as http, http.stream("POST", url, json=body) as answer:
        async for chunk in answer.aiter_bytes():
            seen.extend(chunk)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"statuss": 500},
        {"status": 200},
        {"times": 0},
        {"delay": -1},
        {"body": "loud"},
        {"cut_after": -1},
        {"retry_after": 1},
        {"status": 500, "body": "silent"},
    ],
)
async def test_nonsense_is_refused(control: ControlClient, nonsense: dict[str, Any]) -> None:
    with pytest.raises(HTTPStatusError, match="422"):
        await control.script({"delay": 1}, nonsense)
    assert await control.waiting() == []


async def test_requests_are_recorded(client: AsyncOpenAI, control: ControlClient) -> None:
    await control.script({}, {"status": 500})
    seconds = (await sound(client, voice="nova")).seconds
    with pytest.raises(InternalServerError):
        await spoken(client, "y")
    first, second = await control.requests()
    assert first == {
        "connection": second["connection"],
        "method": "POST",
        "path": "/v1/audio/speech",
        "body": {"model": "espeak", "input": SENTENCE, "voice": "nova", "response_format": "wav"},
        "http_status": 200,
        "seconds": pytest.approx(seconds),
    }
    assert (second["body"]["input"], second["http_status"], second["seconds"]) == ("y", 500, 0)
    stats = await control.stats()
    assert (stats["speeches"], stats["syntheses_started"], stats["syntheses_finished"]) == (2, 1, 1)
    assert stats["seconds"] == pytest.approx(seconds)


@pytest.mark.parametrize("path", ["_script", "_requests", "_stats"])
async def test_control_is_not_for_pages_that_rebind_their_name(
    speech: OfflineSpeechServer, path: str
) -> None:
    async with AsyncClient() as http:
        answer = await http.get(f"{speech.control_url}/{path}", headers={"Host": "evil.example:80"})
        assert answer.status_code == 403
