"""Owns the decision what a generation will do: which deltas, how fast, and how it ends.

Pure: everything is settled before the first delta; must not touch the response.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from workers.offline.answers.answer import answer
from workers.offline.conversation import Conversation
from workers.offline.request import CreateRequest
from workers.offline.responses import Ending
from workers.offline.script import Behaviour
from workers.offline.settings import OfflineSettings
from workers.offline.tokens import pieces


@dataclass(frozen=True)
class PlannedItem:
    """A message, or a call of the named function, cut into the deltas that will be streamed."""

    deltas: tuple[str, ...]
    function: str | None = None


@dataclass(frozen=True)
class Pace:
    """Seconds and rates; 0 tokens per second means without delay."""

    tokens_per_second: float
    first_token_delay: float
    stall_after: int | None
    stall_seconds: float


@dataclass(frozen=True)
class Plan:
    """What one generation will do; without an ending it waits for its connection to break."""

    items: tuple[PlannedItem, ...]
    pace: Pace
    ending: Ending | None
    stamped: bool = False
    """Whether each delta says when it was generated."""

    @property
    def leaves_last_item_open(self) -> bool:
        """Return whether the last item is never said to be done."""
        return self.ending is None or self.ending.status == "failed"


def make_plan(
    request: CreateRequest, conversation: Conversation, behaviour: Behaviour, settings: OfflineSettings
) -> Plan:
    """Return what the model will do with this request under this behaviour."""
    items = tuple(_items(conversation, behaviour))
    total = sum(len(item.deltas) for item in items)
    after, ending = min(_stops(request, behaviour, total), key=lambda stop: stop[0])
    return Plan(tuple(_first(items, after)), _pace(behaviour, settings), ending, behaviour.stamped)


def _items(conversation: Conversation, behaviour: Behaviour) -> Iterator[PlannedItem]:
    if behaviour.tokens is not None:
        yield PlannedItem(tuple(f"w{number} " for number in range(behaviour.tokens)))
    elif behaviour.text is not None:
        yield PlannedItem(tuple(pieces(behaviour.text)))
    elif not behaviour.function_call:
        yield PlannedItem(tuple(pieces(answer(conversation))))
    for call in behaviour.function_call:
        yield PlannedItem(tuple(pieces(call.arguments)), call.name)


def _stops(request: CreateRequest, behaviour: Behaviour, total: int) -> Iterator[tuple[int, Ending | None]]:
    """Yield after how many deltas the generation may end, and how; of equals the first counts."""
    cut = behaviour.breaks_after
    if cut is not None and cut <= total and request.stream and not request.background:
        # A provider stops paying attention when nobody listens: not one delta more than was delivered.
        yield cut, None
    if behaviour.fail_after is not None:
        yield min(behaviour.fail_after, total), Ending("failed", behaviour.code or "server_error")
    if behaviour.incomplete_after is not None:
        yield min(behaviour.incomplete_after, total), Ending("incomplete", behaviour.reason)
    if request.max_output_tokens is not None and request.max_output_tokens < total:
        yield request.max_output_tokens, Ending("incomplete", "max_output_tokens")
    yield total, Ending()


def _first(items: tuple[PlannedItem, ...], deltas: int) -> Iterator[PlannedItem]:
    left = deltas
    for number, item in enumerate(items):
        if left <= 0 and number > 0:
            return
        yield PlannedItem(item.deltas[:left], item.function)
        left -= len(item.deltas)


def _pace(behaviour: Behaviour, settings: OfflineSettings) -> Pace:
    rate, delay = behaviour.tokens_per_second, behaviour.first_token_delay
    return Pace(
        tokens_per_second=settings.tokens_per_second if rate is None else rate,
        first_token_delay=settings.first_token_delay if delay is None else delay,
        stall_after=behaviour.stall_after,
        stall_seconds=behaviour.seconds or 0.0,
    )
