"""The last line of a run: what was done to it, what it did, and what was violated.

Pure. Owns what the figures mean; must not decide what a violation is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.figures import percentile
from tests.chaos.records import Arrival, Happened, Records, Run, Settled, Totals
from tests.chaos.schedule import STORE_LOSSES, Kind
from tests.chaos.verdict import Harm, Violation, count

KILLING: Final = frozenset({Kind.KILL, Kind.CUT_STORE})
WEATHER: Final = frozenset({Kind.CUT_LINK, Kind.SLOW_LINK, Kind.PROVIDER})
NOTICEABLE_SECONDS: Final = 0.5
"""Silence that a person notices; what is shorter was no interruption."""


@dataclass(frozen=True)
class Report:
    """The figures of a run."""

    seed: int
    kills: int
    turns: int
    tokens: int
    """Words that the model said, and that are in the transcripts."""
    destroyed: int
    """Stores that lost something."""
    fenced: int
    recoveries: Sequence[float]
    """Seconds from the end of a fault that had interrupted an answer to its next word at a viewer."""
    paid_per_turn: float
    """Generations that the provider began, for each turn that called it."""
    violations: Sequence[Violation]

    def __str__(self) -> str:
        harms = (Harm.LOST, Harm.DOUBLED, Harm.REORDERED, Harm.NONDETERMINISM)
        return " ".join(
            (
                f"seed={self.seed} kills={self.kills} turns={self.turns} tokens={self.tokens}",
                f"destroyed={self.destroyed} fenced={self.fenced}",
                *(f"{harm}={count(self.violations, harm)}" for harm in harms),
                f"recovery_p50={_seconds(self.recoveries, 0.5)}",
                f"recovery_p99={_seconds(self.recoveries, 0.99)}",
                f"paid_per_turn={self.paid_per_turn:.2f}",
            )
        )


def _seconds(values: Sequence[float], share: float) -> str:
    return f"{percentile(values, share):.2f}s" if values else "n/a"


def report(records: Records, violations: Sequence[Violation]) -> Report:
    """The figures of what was recorded."""
    (run,), (totals,) = list(records.all(Run)), list(records.all(Totals))
    faults, settled = list(records.all(Happened)), list(records.all(Settled))
    turns = sum(len(one.turns_called) for one in settled)
    recoveries = [
        waited
        for one in settled
        for waited in recovery_times(list(records.all(Arrival, one.session_id)), faults)
    ]
    return Report(
        seed=run.seed,
        kills=sum(fault.kind in KILLING for fault in faults),
        turns=turns,
        tokens=sum(len(m["content"].split()) for one in settled for m in one.transcript if _is_answer(m)),
        destroyed=sum(fault.kind in STORE_LOSSES for fault in faults),
        fenced=totals.fenced,
        recoveries=recoveries,
        paid_per_turn=totals.generations / turns if turns else 0.0,
        violations=violations,
    )


def _is_answer(message: dict[str, object]) -> bool:
    return message["role"] == "assistant"


def recovery_times(arrivals: Sequence[Arrival], faults: Sequence[Happened]) -> Iterator[float]:
    """For each time that faults silenced the session's answer: seconds from their end to new words.

    As the viewer sees it that hears of them first. A silence counts once, from the end of the last fault in
    it; those of the weather count only where there was no other.
    """
    said: dict[str, int] = {}
    before: tuple[str, float] | None = None
    for arrival in sorted(arrivals, key=lambda arrival: arrival.at):
        message_id, end = _progress(arrival)
        if not message_id or end <= said.get(message_id, -1):
            continue
        if before is not None and before[0] == message_id:
            yield from _recovery(before[1], arrival.at, faults)
        said[message_id] = end
        before = (message_id, arrival.at)


def _recovery(silent_since: float, heard_at: float, faults: Iterable[Happened]) -> Iterator[float]:
    over = [fault for fault in faults if silent_since < fault.ended < heard_at]
    grave = [fault for fault in over if fault.kind not in WEATHER]
    if over and heard_at - silent_since > NOTICEABLE_SECONDS:
        yield heard_at - max(fault.ended for fault in grave or over)


def _progress(arrival: Arrival) -> tuple[str, int]:
    """Which message goes on, and how far it is now; what a late viewer gets is no progress."""
    event = arrival.event
    match event["type"]:
        case "message.delta":
            return event["message_id"], event["offset"] + len(event["text"])
        case "message.completed":
            # One more than its text: the end is news as well.
            return event["message_id"], len(event["text"]) + 1
        case "reset" if event["partial"] is not None:
            return event["partial"]["message_id"], len(event["partial"]["text"])
        case _:
            return "", 0
