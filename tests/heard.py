"""What a viewer of a spoken session holds of its sentences, and what is wrong with it.

Owns the reading of events that concern the ear: told, announced, phases. Words are the strict reducer's, and
audio is fetched elsewhere. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

ANNOUNCEMENTS: Final = frozenset({"speech.ready", "speech.skipped"})
PHASE_STEPS: Final = ("phase.started", "phase.winding_down", "phase.completed")

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Faults:
    """How often something was wrong with a row of sentences."""

    lost: int = 0
    doubled: int = 0
    disordered: int = 0

    def __add__(self, other: "Faults") -> "Faults":
        return Faults(
            self.lost + other.lost, self.doubled + other.doubled, self.disordered + other.disordered
        )


def faults_of(indices: Sequence[int], total: int) -> Faults:
    """What is wrong with `indices`, which should be 0, 1, … for at least `total` sentences."""
    firsts = list(dict.fromkeys(indices))
    end = max([total, *(index + 1 for index in firsts)])
    return Faults(
        lost=end - len(firsts),
        doubled=len(indices) - len(firsts),
        disordered=sum(after < before for before, after in pairwise(firsts)),
    )


@dataclass
class Heard:
    """One viewer, over as many connections as it took."""

    told: list[Fields] = field(default_factory=list)
    """`sentence` events, or what a reset says of them, in the order of their arrival."""
    announced: list[Fields] = field(default_factory=list)
    """So for `speech.ready` and `speech.skipped`."""
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Kind and phase of the events of phases."""
    resets: int = 0
    taken_back: int = 0
    """Sentences and announcements that a reset had forgotten, or knew otherwise."""

    def feed(self, event: Fields) -> None:
        """Take the next event of the session."""
        kind = event["type"]
        if kind == "reset":
            self._reset(event)
        elif kind == "sentence":
            self.told.append(event)
        elif kind in ANNOUNCEMENTS:
            self.announced.append(event)
        elif kind in PHASE_STEPS:
            self.steps.append((kind, event["phase"]))

    def _reset(self, event: Fields) -> None:
        """It says again all that was told and announced, and stands for it."""
        self.resets += 1
        told, announced = list(event["sentences"]), list(event["speech"])
        self.taken_back += _missing(self.told, told, "index", "text")
        self.taken_back += _missing(self.announced, announced, "sentence_index", "audio_id")
        self.told, self.announced = told, announced

    @property
    def texts(self) -> list[str]:
        """What was told, in the order of its arrival."""
        return [sentence["text"] for sentence in self.told]

    @property
    def ready(self) -> list[Fields]:
        """The announcements that have audio."""
        return [each for each in self.announced if each.get("audio_id") is not None]

    @property
    def told_faults(self) -> Faults:
        """Of the sentences on the page."""
        return faults_of([sentence["index"] for sentence in self.told], total=0)

    @property
    def announced_faults(self) -> Faults:
        """Of the sentences that were announced, when all that were told should be."""
        told = {sentence["index"] for sentence in self.told}
        return faults_of([each["sentence_index"] for each in self.announced], total=len(told))

    def phases_walked(self, plan: Sequence[str]) -> bool:
        """Whether every phase of `plan` was begun, wound down and completed once, one after the other.

        What a reset stood for may be missing.
        """
        wanted = [(step, phase) for phase in plan for step in PHASE_STEPS]
        return is_part_in_order(self.steps, wanted) if self.resets else self.steps == wanted


def _missing(held: Iterable[Fields], now: Iterable[Fields], index: str, content: str) -> int:
    known = {(each[index], each.get(content)) for each in now}
    return sum((each[index], each.get(content)) not in known for each in held)


def is_part_in_order(found: Iterable[Any], whole: Iterable[Any]) -> bool:
    """Whether `found` is `whole` with some left out."""
    rest = iter(whole)
    return all(each in rest for each in found)
