"""Owns what every endpoint shares: the parsed body, the ledger's record, and the answer to a rejection.

Must not know any endpoint.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from workers.offline.errors import Rejection
from workers.offline.ledger import RequestRecord
from workers.offline.model import OfflineModel
from workers.offline.responses import StoredResponse
from workers.offline.script import Behaviour


@dataclass(frozen=True)
class Call:
    """One request to the model."""

    model: OfflineModel
    request: Request
    record: RequestRecord

    def found(self) -> StoredResponse:
        """Return the stored response that the path names, or raise the 404."""
        response = self.model.store.find(self.request.path_params["response_id"])
        self.record.response = response
        return response

    def obey(self, behaviour: Behaviour) -> None:
        """Do what a behaviour says about any request: forget, reject."""
        if behaviour.forget:
            self.model.store.forget_all()
        if behaviour.status is not None:
            message = f"The offline model was told to answer with status {behaviour.status}."
            raise Rejection(
                message, status=behaviour.status, code=behaviour.code, retry_after=behaviour.retry_after
            )


Endpoint = Callable[[Call], Awaitable[Response]]


def recorded(serve: Endpoint, model: OfflineModel) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that leaves its trace in the ledger and answers rejections in the API's shape."""

    async def endpoint(request: Request) -> Response:
        record = RequestRecord(
            connection=request.client.port if request.client else 0,
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
        )
        model.ledger.note(record)
        try:
            record.body = await _body_of(request)
            response = await serve(Call(model, request, record))
        except Rejection as rejection:
            response = rejection.response()
        record.http_status = response.status_code
        return response

    return endpoint


async def _body_of(request: Request) -> Any:
    raw = await request.body()
    try:
        return json.loads(raw) if raw else None
    except ValueError as error:
        raise Rejection("We could not parse the JSON body of your request.") from error
