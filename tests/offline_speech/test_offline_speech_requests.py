"""What cannot be spoken is refused with the words of the API."""

from typing import Any

import pytest
from httpx2 import AsyncClient
from openai import AsyncOpenAI, BadRequestError, InternalServerError, NotFoundError

from tests.offline_speech.sound import sound
from workers.offline.control_client import ControlClient
from workers.offline_speech.server import OfflineSpeechServer

GOOD = {"model": "m", "input": "x", "voice": "alloy"}


async def asked(speech: OfflineSpeechServer, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    async with AsyncClient() as http:
        answer = await http.post(f"{speech.url}/audio/speech", json=body)
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("missing", ["model", "input", "voice"])
async def test_what_is_missing_is_named(speech: OfflineSpeechServer, missing: str) -> None:
    status, error = await asked(speech, {name: value for name, value in GOOD.items() if name != missing})
    assert status == 400
    assert (error["param"], error["code"]) == (missing, "missing_required_parameter")


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        ({"input": ""}, "input", "invalid_value"),
        ({"input": "x" * 4097}, "input", "invalid_value"),
        ({"input": 5}, "input", "invalid_value"),
        ({"response_format": "mp3"}, "response_format", "invalid_value"),
        ({"response_format": "pcm"}, "response_format", "invalid_value"),
        ({"stream_format": "sse"}, "stream_format", "invalid_value"),
        ({"speed": 0.24}, "speed", "invalid_value"),
        ({"speed": 4.01}, "speed", "invalid_value"),
        ({"speed": "fast"}, "speed", "invalid_value"),
        ({"voice": 1}, "voice", "invalid_value"),
        ({"voice": "espeak:tlh-x-none"}, "voice", "invalid_value"),
        ({"voice": "espeak:../../en"}, "voice", "invalid_value"),
        ({"voice": "espeak:"}, "voice", "invalid_value"),
        ({"spede": 1}, "spede", "unknown_parameter"),
    ],
)
async def test_what_the_api_refuses(
    speech: OfflineSpeechServer, wrong: dict[str, Any], param: str, code: str
) -> None:
    status, error = await asked(speech, GOOD | wrong)
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code)
    assert param in error["message"]


@pytest.mark.parametrize(
    "right",
    [
        {"input": "x" * 4096},
        {"speed": 0.25},
        {"speed": 4},
        {"voice": {"id": "voice_1234"}},
        {"instructions": "Cheerfully."},
        {"stream_format": "audio"},
    ],
)
async def test_what_the_api_takes(speech: OfflineSpeechServer, right: dict[str, Any]) -> None:
    async with AsyncClient() as http:
        answer = await http.post(f"{speech.url}/audio/speech", json=GOOD | right)
    assert answer.status_code == 200


async def test_a_body_that_is_no_json(speech: OfflineSpeechServer) -> None:
    async with AsyncClient() as http:
        for raw in (b"{", b"[]", b"", b"\xff"):
            answer = await http.post(f"{speech.url}/audio/speech", content=raw)
            assert answer.status_code == 400
            assert "could not parse" in answer.json()["error"]["message"]


async def test_mp3_is_refused_as_the_client_sees_it(client: AsyncOpenAI) -> None:
    with pytest.raises(BadRequestError, match="'wav'"):
        await sound(client, response_format="mp3")


async def test_transcription_says_what_to_configure_and_is_not_tried_again(
    speech: OfflineSpeechServer, control: ControlClient
) -> None:
    async with AsyncOpenAI(base_url=speech.url, api_key="x", max_retries=2) as client:
        with pytest.raises(InternalServerError) as caught:
            await client.audio.transcriptions.create(file=("a.wav", b"RIFF" * 300_000), model="whisper-1")
    assert (caught.value.status_code, caught.value.code) == (501, "not_implemented")
    assert "cannot transcribe" in caught.value.message
    assert "OPENAI_SPEECH_BASE_URL" in caught.value.message
    assert (await control.stats())["transcriptions"] == 1


async def test_unknown_paths(client: AsyncOpenAI) -> None:
    with pytest.raises(NotFoundError, match=r"Invalid URL \(POST /v1/responses\)"):
        await client.responses.create(model="m", input="x")
