"""Owns the table of the OpenAI paths that the offline model serves, and the endpoints behind them.

A new kind of work (speech, transcription) gets a module of its own and a line in the table.
Must not hold state.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workers.offline.call import Call, Endpoint, recorded
from workers.offline.delivery import EventStream, json_body
from workers.offline.errors import Rejection, response_not_found
from workers.offline.model import OfflineModel
from workers.offline.moderation import moderate, moderated_texts
from workers.offline.request import CreateRequest, parse_request
from workers.offline.responses import StoredResponse
from workers.offline.script import Behaviour

_CLIENT_WENT_AWAY = 499
_MODEL = {"id": "perdure-offline", "object": "model", "created": 0, "owned_by": "perdure"}


def routes(model: OfflineModel) -> list[Route]:
    """Return every path under `/v1`."""
    table: list[tuple[str, str, Endpoint]] = [
        ("POST", "/v1/responses", _create),
        ("GET", "/v1/responses/{response_id}", _retrieve),
        ("DELETE", "/v1/responses/{response_id}", _delete),
        ("POST", "/v1/responses/{response_id}/cancel", _cancel),
        ("POST", "/v1/moderations", _moderate),
        ("GET", "/v1/models", _list_models),
    ]
    return [Route(path, recorded(serve, model), methods=[method]) for method, path, serve in table]


async def _create(call: Call) -> Response:
    call.model.ledger.stats.creates += 1
    request = parse_request(call.record.body)
    spoken = call.model.spoken_last(request)
    behaviour = call.model.script.take("create", spoken, background=bool(request.background))
    call.obey(behaviour)
    _refuse_background(behaviour)
    response = call.record.response = call.model.create(request, behaviour)
    if request.stream:
        return EventStream(response.log, behaviour, on_end=lambda: call.model.release(response))
    return await _whole(call, request, response, behaviour)


def _refuse_background(behaviour: Behaviour) -> None:
    if behaviour.reject_background:
        message = "Background mode is not supported by this model."
        raise Rejection(message, param="background", code=behaviour.code or "unsupported_parameter")


async def _whole(
    call: Call, request: CreateRequest, response: StoredResponse, behaviour: Behaviour
) -> Response:
    if not request.background:
        await _closed_or_left(response, call.request)
        call.model.release(response)
        if response.log.torn:
            return Response(status_code=_CLIENT_WENT_AWAY)
    return json_body(response.snapshot(), behaviour)


async def _closed_or_left(response: StoredResponse, request: Request) -> None:
    ways = {asyncio.ensure_future(response.log.wait_closed()), asyncio.ensure_future(_left(request))}
    _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in pending:
        way.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _retrieve(call: Call) -> Response:
    call.model.ledger.stats.retrieves += 1
    behaviour = call.model.script.take("retrieve")
    call.obey(behaviour)
    response = call.found()
    if call.request.query_params.get("stream") == "true":
        return EventStream(response.log, behaviour, start=_resume_position(call.request, response))
    _require_retrievable(response)
    return json_body(response.snapshot(), behaviour)


def _resume_position(request: Request, response: StoredResponse) -> int:
    if not (response.background and response.request.stream):
        needed = "stream" if response.background else "background"
        message = f"This response cannot be streamed because it was not created with {needed}=true."
        raise Rejection(message, param="stream")
    if response.log.discarded:
        message = "This response can no longer be streamed because it is too old."
        raise Rejection(message, param="stream")
    after = request.query_params.get("starting_after", "-1")
    try:
        return max(0, int(after) + 1)
    except ValueError as error:
        message = f"Invalid value for 'starting_after': '{after}'."
        raise Rejection(message, param="starting_after", code="invalid_value") from error


async def _delete(call: Call) -> Response:
    call.model.ledger.stats.deletes += 1
    response = call.found()
    _require_retrievable(response)
    if not response.log.closed:
        raise Rejection("Cannot delete an in-flight response.")
    call.model.store.remove(response.id)
    return JSONResponse({"id": response.id, "object": "response.deleted", "deleted": True})


async def _cancel(call: Call) -> Response:
    call.model.ledger.stats.cancels += 1
    call.obey(call.model.script.take("cancel"))
    response = call.found()
    if not response.background:
        raise Rejection("Cannot cancel a synchronous response.")
    if response.over:
        raise Rejection(f"Cannot cancel a {response.status} response.")
    call.model.cancel(response)
    return JSONResponse(response.snapshot())


def _require_retrievable(response: StoredResponse) -> None:
    if not response.retrievable:
        raise response_not_found(response.id)


async def _moderate(call: Call) -> Response:
    call.model.ledger.stats.moderations += 1
    texts = moderated_texts(call.record.body)
    behaviour = call.model.script.take("moderate", "\n".join(texts))
    await asyncio.sleep(behaviour.delay or 0)
    call.obey(behaviour)
    return json_body(moderate(call.record.body), behaviour)


async def _list_models(_call: Call) -> Response:
    return JSONResponse({"object": "list", "data": [_MODEL]})
