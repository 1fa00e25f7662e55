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
GOES_ON: Final = frozenset({"message.delta", "message.completed"})
TURN_ENDS: Final = frozenset({"turn.completed", "turn.stopped", "turn.failed"})
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


def recovery_times(arrivals: Sequence[Arrival], faults: Iterable[Happened]) -> Iterator[float]:
    """For each fault that interrupted the session's answer: seconds from its end to the next word.

    As the viewer sees it that hears of it first.
    """
    by_time = sorted(arrivals, key=lambda arrival: arrival.at)
    for fault in faults:
        before = [arrival for arrival in by_time if arrival.at < fault.began and _is_live(arrival)]
        after = [arrival for arrival in by_time if arrival.at >= fault.began]
        last = next((a for a in reversed(before) if a.event["type"] in GOES_ON | TURN_ENDS), None)
        if last is None or last.event["type"] != "message.delta":
            continue
        again = next((a for a in after if _goes_on(a, last)), None)
        if again is not None and again.at - fault.began > NOTICEABLE_SECONDS and again.at > fault.ended:
            yield again.at - fault.ended


def _is_live(arrival: Arrival) -> bool:
    return not arrival.event.get("replay")


def _goes_on(arrival: Arrival, last: Arrival) -> bool:
    """New words of the message that was interrupted, rather than old ones for a viewer who is late."""
    event = arrival.event
    if event["type"] == "reset":
        return event["partial"] is not None and len(event["partial"]["text"]) > _end_of(last)
    same = event["type"] in GOES_ON and event["message_id"] == last.event["message_id"]
    return same and (event["type"] == "message.completed" or _end_of(arrival) > _end_of(last))


def _end_of(delta: Arrival) -> int:
    end: int = delta.event["offset"] + len(delta.event["text"])
    return end
