"""Where a guided session stands in its plan, as its events tell.

Owns the counting; a sentence that comes twice counts once. Pure. Must not show anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from api.cli.reducer import Event


@dataclass(frozen=True)
class PhaseProgress:
    """A phase; `index` counts from 1, `budget` (None: not known) and `sentences` are counts of sentences."""

    name: str
    index: int
    of: int
    budget: int | None = None
    sentences: int = 0
    is_winding_down: bool = False


@dataclass(frozen=True)
class PlanProgress:
    """The phase that was begun last, if any."""

    phase: PhaseProgress | None = None
    next_sentence: int = 0

    def after(self, event: Event) -> "PlanProgress":
        """As it is once `event` was told; one that lacks a field changes nothing."""
        try:
            return self._after(event)
        except (KeyError, TypeError):
            return self

    def _after(self, event: Event) -> "PlanProgress":
        match event["type"]:
            case "phase.started":
                return replace(self, phase=_phase(event))
            case "phase.winding_down":
                sentences = max(event["sentences"], self.phase.sentences if self.phase else 0)
                return replace(self, phase=replace(_phase(event), sentences=sentences, is_winding_down=True))
            case "phase.completed":
                is_winding_down = self.phase is not None and self.phase.is_winding_down
                phase = replace(_phase(event), sentences=event["sentences"], is_winding_down=is_winding_down)
                return replace(self, phase=phase)
            case "sentence":
                return _counted(self, [event])
            case "reset":
                return _counted(self._begun_again(event["session"] or {}), event["sentences"])
            case _:
                return self

    def _begun_again(self, session: Mapping[str, Any]) -> "PlanProgress":
        """From a snapshot, which does not tell the budget."""
        view, held = session.get("phase"), self.phase
        if view is None:
            return PlanProgress()
        budget = held.budget if held and held.name == view["name"] else None
        return PlanProgress(PhaseProgress(view["name"], view["index"], view["of"], budget))


def _counted(progress: PlanProgress, sentences: Iterable[Mapping[str, Any]]) -> PlanProgress:
    for sentence in sentences:
        if sentence["index"] >= progress.next_sentence:
            phase = progress.phase
            if phase is not None and sentence["phase"] == phase.name:
                phase = replace(phase, sentences=phase.sentences + 1)
            progress = PlanProgress(phase, sentence["index"] + 1)
    return progress


def _phase(event: Event) -> PhaseProgress:
    return PhaseProgress(str(event["phase"]), event["index"], event["of"], event.get("budget"))
