"""Owns the table of the OpenAI paths that the offline speech serves, and the endpoints behind them.

Must not hold state.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workers.offline.errors import Rejection
from workers.offline_speech.delivery import recording
from workers.offline_speech.espeak import Utterance
from workers.offline_speech.ledger import RequestRecord
from workers.offline_speech.request import SpeechRequest, parse_body, parse_request
from workers.offline_speech.script import Behaviour
from workers.offline_speech.speaker import Speaker
from workers.offline_speech.voices import character_of, language_asked_for, language_of
from workers.offline_speech.wav import seconds_of

_NOT_IMPLEMENTED = 501
_CLIENT_WENT_AWAY = 499
_CANNOT_TRANSCRIBE = (
    "The offline speech server cannot transcribe; set OPENAI_API_KEY, or OPENAI_SPEECH_BASE_URL to a server "
    "that has /audio/transcriptions."
)


@dataclass(frozen=True)
class Call:
    """One request to the speaker."""

    speaker: Speaker
    request: Request
    record: RequestRecord


Endpoint = Callable[[Call], Awaitable[Response]]


def routes(speaker: Speaker) -> list[Route]:
    """Return every path but those of control."""
    return [
        Route("/v1/audio/speech", _recorded(_speak, speaker), methods=["POST"]),
        Route("/v1/audio/transcriptions", _recorded(_refuse_to_transcribe, speaker), methods=["POST"]),
        Route("/healthz", _healthy, methods=["GET"]),
    ]


def _recorded(serve: Endpoint, speaker: Speaker) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        port = request.client.port if request.client else 0
        record = RequestRecord(connection=port, method=request.method, path=request.url.path)
        speaker.ledger.note(record)
        try:
            response = await serve(Call(speaker, request, record))
        except Rejection as rejection:
            response = rejection.response()
        except ClientDisconnect:
            response = Response(status_code=_CLIENT_WENT_AWAY)
        record.http_status = response.status_code
        return response

    return endpoint


async def _speak(call: Call) -> Response:
    speaker = call.speaker
    speaker.ledger.stats.speeches += 1
    call.record.body = parse_body(await call.request.body())
    request = parse_request(call.record.body)
    utterance = _utterance(request, speaker)
    behaviour = speaker.script.take(request.input)
    await _obey(behaviour, speaker)
    samples = await speaker.say(utterance)
    call.record.seconds = seconds_of(samples, speaker.rate)
    return recording(samples, speaker.rate, behaviour)


def _utterance(request: SpeechRequest, speaker: Speaker) -> Utterance:
    language = language_asked_for(request.voice)
    if language is None:
        language = language_of(request.input, speaker.settings.default_language)
    if not speaker.speaks(language):
        message = f"Invalid value for 'voice': there is no language '{language}'."
        raise Rejection(message, param="voice", code="invalid_value")
    return Utterance(
        text=request.input, language=language, character=character_of(request.voice), speed=request.speed
    )


async def _obey(behaviour: Behaviour, speaker: Speaker) -> None:
    if behaviour.delay is not None:
        await speaker.wait(behaviour.delay)
    if behaviour.status is not None:
        message = f"The offline speech was told to answer with status {behaviour.status}."
        raise Rejection(
            message, status=behaviour.status, code=behaviour.code, retry_after=behaviour.retry_after
        )


async def _refuse_to_transcribe(call: Call) -> Response:
    call.speaker.ledger.stats.transcriptions += 1
    async for _ in call.request.stream():
        """A client that still writes would see a broken connection instead of the answer."""
    rejection = Rejection(_CANNOT_TRANSCRIBE, status=_NOT_IMPLEMENTED, code="not_implemented")
    response = rejection.response()
    # Without it, clients take every 5xx for something that passes.
    response.headers["x-should-retry"] = "false"
    return response


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})
