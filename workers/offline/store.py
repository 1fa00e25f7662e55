"""Owns which responses are remembered, and for how long. Must not start or stop generations."""

from collections import OrderedDict, deque

from workers.offline.errors import previous_response_not_found, response_not_found
from workers.offline.responses import StoredResponse


class ResponseStore:
    """Stored responses by id, bounded: the least recently used are forgotten."""

    def __init__(self, kept_responses: int, kept_streams: int) -> None:
        self._responses: OrderedDict[str, StoredResponse] = OrderedDict()
        self._streams: deque[StoredResponse] = deque()
        self._kept_responses = kept_responses
        self._kept_streams = kept_streams

    def add(self, response: StoredResponse) -> None:
        """Remember a response from now on."""
        self._responses[response.id] = response
        if len(self._responses) > self._kept_responses:
            self._responses.popitem(last=False)

    def keep_stream(self, response: StoredResponse) -> None:
        """Keep the events of a finished response, instead of those of the one that finished longest ago."""
        self._streams.append(response)
        if len(self._streams) > self._kept_streams:
            self._streams.popleft().log.discard()

    def find(self, response_id: str) -> StoredResponse:
        """Return a stored response, whatever its state, or raise the 404."""
        response = self._responses.get(response_id)
        if response is None:
            raise response_not_found(response_id)
        self._responses.move_to_end(response_id)
        return response

    def peek(self, response_id: str | None) -> StoredResponse | None:
        """Return a stored response if there is one, without counting it as used."""
        return self._responses.get(response_id or "")

    def chain(self, last_id: str) -> list[StoredResponse]:
        """Return the responses that lead to this one, oldest first, or raise the 400.

        Where an older one has been forgotten, the chain begins after it.
        """
        last = self._responses.get(last_id)
        if last is None or not last.chainable:
            raise previous_response_not_found(last_id)
        chain: list[StoredResponse] = []
        while last is not None:
            chain.append(last)
            last = self.peek(last.request.previous_response_id)
        chain.reverse()
        for response in chain:
            self._responses.move_to_end(response.id)
        return chain

    def remove(self, response_id: str) -> None:
        """Forget one response."""
        self._responses.pop(response_id, None)

    def forget_all(self) -> None:
        """Forget every response, those in progress too; their generations go on."""
        self._responses.clear()
