"""Owns the running offline model: it turns requests into responses and keeps their generations alive.

Must not know HTTP.
"""

import asyncio
import logging
from functools import partial

from workers.offline.conversation import Conversation, Item, last_user_text
from workers.offline.generation import generate
from workers.offline.ledger import Ledger
from workers.offline.planning import Plan, make_plan
from workers.offline.request import CreateRequest
from workers.offline.responses import Ending, Sent, StoredResponse
from workers.offline.script import Behaviour, Script
from workers.offline.settings import OfflineSettings
from workers.offline.store import ResponseStore
from workers.offline.tokens import Prefix, PrefixCache, count_tokens

_logger = logging.getLogger(__name__)


class OfflineModel:
    """One model with its memory, its script and its ledger; all calls belong to one event loop."""

    def __init__(self, settings: OfflineSettings) -> None:
        self.settings = settings
        self.script = Script()
        self.ledger = Ledger(settings.kept_requests)
        self.store = ResponseStore(settings.kept_responses, settings.kept_streams)
        self._prefixes = PrefixCache()
        self._running: dict[StoredResponse, asyncio.Task[None]] = {}

    def spoken_last(self, request: CreateRequest) -> str | None:
        """Return the last user text that the request shows the model, from its input or from its chain."""
        text = last_user_text(request.items)
        response = self.store.peek(request.previous_response_id)
        while text is None and response is not None:
            text = last_user_text(response.items())
            response = self.store.peek(response.request.previous_response_id)
        return text

    def create(self, request: CreateRequest, behaviour: Behaviour) -> StoredResponse:
        """Start to generate a response."""
        previous = request.previous_response_id
        chain = self.store.chain(previous) if previous else []
        conversation = _conversation(chain, request)
        conversation.require_answered_calls()
        response = StoredResponse(request, self._sent(chain, request))
        if request.stored:
            self.store.add(response)
        self._start(response, make_plan(request, conversation, behaviour, self.settings))
        return response

    def cancel(self, response: StoredResponse) -> None:
        """Stop a generation because the client asked for it."""
        if self._stop(response):
            response.cancel()
            self.ledger.stats.generations_cancelled += 1

    def abandon(self, response: StoredResponse) -> None:
        """Stop a generation because its connection is gone; nothing happens when it is over."""
        if self._stop(response):
            response.abandon()
            self.ledger.stats.generations_abandoned += 1

    def release(self, response: StoredResponse) -> None:
        """Let go of a foreground response whose connection has ended: nobody can read its events again."""
        if not response.background:
            self.abandon(response)
            response.log.discard()

    async def close(self) -> None:
        """Abandon all generations and let all readers go."""
        tasks = list(self._running.values())
        for response in list(self._running):
            self.abandon(response)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sent(self, chain: list[StoredResponse], request: CreateRequest) -> Sent:
        items = request.items
        before = chain[-1].prefix() if chain else Prefix()
        prefix, cached = self._prefixes.measure(before, items)
        return Sent(items, prefix, cached, count_tokens(request.instructions or ""))

    def _start(self, response: StoredResponse, plan: Plan) -> None:
        self.ledger.stats.generations_started += 1
        task = asyncio.create_task(generate(response, plan))
        task.add_done_callback(partial(self._settle, response))
        self._running[response] = task

    def _settle(self, response: StoredResponse, task: asyncio.Task[None]) -> None:
        self._running.pop(response, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # A bug of the offline model must not leave its readers waiting.
            _logger.error("the generation of %s broke", response.id, exc_info=error)
            response.end(Ending("failed", "server_error"))
        self.ledger.stats.deltas += response.log.delta_count
        if response.over:
            self.ledger.stats.generations_finished += 1
            self._prefixes.remember(response.prefix())
        if response.background:
            self.store.keep_stream(response)

    def _stop(self, response: StoredResponse) -> bool:
        task = self._running.pop(response, None)
        return task is not None and not response.log.closed and task.cancel()


def _conversation(chain: list[StoredResponse], request: CreateRequest) -> Conversation:
    chained = [item for response in chain for item in response.items()]
    items: tuple[Item, ...] = (*chained, *request.items)
    return Conversation(items, request.instructions or "")
