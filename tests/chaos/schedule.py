"""What will go wrong, and when: the same seed gives the same schedule.

Pure: owns faults, their targets, beginnings and ends, and what must not coincide so that a recovery stays
possible. Must not do anything to anybody.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

WORKERS: Final = ("worker-1", "worker-2")
APIS: Final = ("api-1", "api-2")
STORE: Final = "store"
ENGINE: Final = "engine"
MODEL: Final = "model"


class Kind(StrEnum):
    """What can go wrong."""

    KILL = "kill"
    """SIGKILL, and started again when the fault ends."""
    FREEZE = "freeze"
    """SIGSTOP until the fault ends."""
    TERMINATE = "terminate"
    """SIGTERM, and started again when it is gone."""
    CUT_STORE = "cut-store"
    """The store is killed, its newest writes are lost, and it is started again."""
    EMPTY_STORE = "empty-store"
    CUT_LINK = "cut-link"
    """All connections of a link break."""
    BLACK_HOLE = "black-hole"
    """What is sent over a link arrives when the fault ends."""
    SLOW_LINK = "slow-link"
    PROVIDER = "provider"
    """The next model calls go wrong."""


STORE_LOSSES: Final = frozenset({Kind.CUT_STORE, Kind.EMPTY_STORE})


@dataclass(frozen=True)
class Card:
    """A fault without its time."""

    kind: Kind
    target: str


@dataclass(frozen=True)
class Planned:
    """A fault from `at` to `until`, in seconds after the begin; `amount` and `behaviour` say how bad."""

    at: float
    until: float
    kind: Kind
    target: str
    amount: float = 0.0
    behaviour: dict[str, Any] | None = None


def link(process: str, server: str) -> str:
    """The name of what connects `process` to `server`."""
    return f"{process}>{server}"


LINKS: Final = (
    *(link(process, server) for process in (*WORKERS, *APIS) for server in (STORE, ENGINE)),
    *(link(worker, MODEL) for worker in WORKERS),
)


def _heavy() -> Iterator[Card]:
    for process in (*WORKERS, *APIS):
        yield from (Card(Kind.KILL, process), Card(Kind.FREEZE, process), Card(Kind.TERMINATE, process))
    for worker in WORKERS:
        # Where most can go wrong.
        yield from (Card(Kind.KILL, worker), Card(Kind.FREEZE, worker))
        yield from (Card(Kind.BLACK_HOLE, link(worker, server)) for server in (STORE, ENGINE, MODEL))
    for api in APIS:
        yield from (Card(Kind.BLACK_HOLE, link(api, server)) for server in (STORE, ENGINE))
    yield from (Card(Kind.KILL, STORE), Card(Kind.FREEZE, STORE), Card(Kind.KILL, ENGINE))
    yield from [Card(Kind.CUT_STORE, STORE), Card(Kind.EMPTY_STORE, STORE)] * 2


def _light() -> Iterator[Card]:
    for name in LINKS:
        yield from (Card(Kind.CUT_LINK, name), Card(Kind.SLOW_LINK, name))
    yield from [Card(Kind.PROVIDER, MODEL)] * 10


HEAVY: Final = tuple(_heavy())
"""What somebody has to recover from; seldom more than one at a time."""
LIGHT: Final = tuple(_light())
"""The weather, which goes on meanwhile."""
DECKS: Final = (HEAVY, LIGHT)

PAUSES: Final = (0.2, 1.5)
REST_EVERY: Final = 8
REST_SECONDS: Final = 4.0
"""Faults of a deck, and how long nothing of it happens after them."""
BETWEEN_LOSSES: Final = 8.0
COMPANION: Final = 0.25
"""How often a fault does not come alone."""

_LASTS: Final = {
    # Seconds, shortest and longest. A worker is given up after two.
    Kind.KILL: (0.0, 1.5),
    Kind.FREEZE: (0.5, 4.5),
    Kind.TERMINATE: (0.0, 1.0),
    Kind.CUT_STORE: (0.0, 1.5),
    Kind.EMPTY_STORE: (0.0, 0.0),
    Kind.CUT_LINK: (0.0, 0.0),
    Kind.BLACK_HOLE: (0.5, 4.5),
    Kind.SLOW_LINK: (1.0, 4.0),
    Kind.PROVIDER: (0.0, 1.0),
}
_AMOUNTS: Final = {
    Kind.CUT_STORE: (500, 40_000),  # bytes
    Kind.SLOW_LINK: (0.02, 0.25),  # seconds
}
_BEHAVIOURS: Final[Sequence[dict[str, Any]]] = (
    {"status": 500},
    {"status": 503},
    {"status": 429, "retry_after": 1},
    {"status": 500, "on": "retrieve", "times": 2},
    {"cut_after": 3},
    {"cut_after": 10, "on": "retrieve"},
    {"end_after": 5},
    {"malformed_after": 4},
    {"fail_after": 6},
    {"incomplete_after": 8, "reason": "content_filter"},
    {"forget": True},
    {"stall_after": 5, "seconds": 3},
    {"first_token_delay": 2},
    {"status": 400},
    {"tokens_per_second": 150, "times": 4},
)


def plan(
    seed: int, seconds: float, quiet: float, decks: Sequence[Sequence[Card]] = DECKS
) -> tuple[Planned, ...]:
    """The faults of a run of `seconds`, the last `quiet` of which belong to recovery; by time."""
    dice = random.Random(f"schedule {seed}")  # noqa: S311  a schedule is no secret
    planned = [fault for deck in decks for fault in _lane(dice, deck, seconds - quiet)]
    return tuple(sorted(planned, key=lambda fault: fault.at))


def _lane(dice: random.Random, deck: Sequence[Card], end: float) -> list[Planned]:
    """The faults of one deck, one after the other but for companions."""
    planned: list[Planned] = []
    cards, now = _dealt(dice, deck), dice.uniform(1.0, 2.0)
    while now < end:
        batch = _batch(dice, cards, now, planned)
        rests = (len(planned) + len(batch)) // REST_EVERY > len(planned) // REST_EVERY
        planned += batch
        now = max((fault.until for fault in batch), default=now)
        now += dice.uniform(*PAUSES) + (REST_SECONDS if rests else 0)
    return [fault for fault in planned if fault.until <= end]


def _dealt(dice: random.Random, deck: Sequence[Card]) -> Iterator[Card]:
    """Every card once, in any order, again and again."""
    while True:
        yield from dice.sample(deck, len(deck))


def _batch(
    dice: random.Random, cards: Iterator[Card], now: float, before: Sequence[Planned]
) -> list[Planned]:
    """One fault, or two that overlap."""
    first = _fault(dice, next(cards), now)
    batch = [first] if _bearable(first, before) else []
    if dice.random() < COMPANION:
        second = _fault(dice, next(cards), now + dice.uniform(0, 1))
        apart = first.target not in second.target and second.target not in first.target
        if apart and _bearable(second, [*before, *batch]):
            batch.append(second)
    return batch


def _bearable(fault: Planned, before: Sequence[Planned]) -> bool:
    """A store that loses data again while the first loss is mended is another project's problem."""
    if fault.kind not in STORE_LOSSES:
        return True
    return all(fault.at - other.until >= BETWEEN_LOSSES for other in before if other.kind in STORE_LOSSES)


def _fault(dice: random.Random, card: Card, at: float) -> Planned:
    lasts, amount = dice.uniform(*_LASTS[card.kind]), 0.0
    if card.kind in _AMOUNTS:
        amount = dice.uniform(*_AMOUNTS[card.kind])
    behaviour = dice.choice(_BEHAVIOURS) if card.kind is Kind.PROVIDER else None
    return Planned(round(at, 3), round(at + lasts, 3), card.kind, card.target, round(amount, 3), behaviour)
