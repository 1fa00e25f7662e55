"""Where a guided session stands in its plan.

Owns the current phase, its two parts and what the person wished for it; the phases themselves are the
profile's, and are given to every question. Must not know turns, nor how anything is said.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from workflows.contract.base import Elapsed, Value
from workflows.contract.phases import Pace, Phase, PhaseView
from workflows.contract.profile import Settings

EXTENSION: Final = 0.5
"""Of its budget and its time, for a phase that the person wants to stay in."""


class Part(StrEnum):
    """What is being said of a phase."""

    MAIN = "main"
    WIND_DOWN = "wind_down"
    OVER = "over"


class Plan(Value):
    """The phase that runs; before the first, and behind the last, there is none."""

    index: int = -1
    """Of the current phase, or of the last one that was."""
    part: Part = Part.OVER
    said: int = 0
    """Sentences of this phase that are settled."""
    main_is_said: bool = False
    """The model has come to its own end of the main part."""
    is_wound_down: bool = False
    """So it has of the rest."""
    since: Elapsed = timedelta()
    """Unpaused time of the session when the phase began."""
    waits: bool = False
    """The phase's turn was ended before its time: a message or a resumption goes on."""
    skipped: tuple[str, ...] = ()
    extended: tuple[str, ...] = ()
    """Names of phases, as the person wished."""
    pace: Pace = Pace.NORMAL

    def phase(self, phases: Sequence[Phase]) -> Phase | None:
        """The phase that runs."""
        runs = self.part is not Part.OVER and 0 <= self.index < len(phases)
        return phases[self.index] if runs else None

    def next_index(self, phases: Sequence[Phase]) -> int | None:
        """The place of the phase that follows; None behind the last."""
        following = range(max(self.index, -1) + 1, len(phases))
        return next((index for index in following if phases[index].name not in self.skipped), None)

    def view(self, phases: Sequence[Phase]) -> PhaseView | None:
        """What clients see of it."""
        phase = self.phase(phases)
        if phase is None:
            return None
        return PhaseView(name=phase.name, index=self.index + 1, of=len(phases))

    def budget(self, phase: Phase) -> int:
        """Sentences that may be said in `phase`."""
        return phase.sentences + self._more_sentences(phase)

    def winds_down_at(self, phase: Phase) -> int:
        """Sentences of `phase` after which it is brought to its end."""
        return phase.winds_down_at + self._more_sentences(phase)

    def _more_sentences(self, phase: Phase) -> int:
        return max(round(phase.sentences * EXTENSION), 1) if phase.name in self.extended else 0

    def strikes_at(self, phase: Phase) -> timedelta | None:
        """Unpaused time of the session at which the phase's clock strikes; None without one."""
        if phase.duration is None:
            return None
        return self.since + phase.duration * (1 + EXTENSION * (phase.name in self.extended))

    def main_is_over(self, phase: Phase, active: timedelta) -> bool:
        """Whether `phase` is to be brought to its end, `active` into the session."""
        strikes_at = self.strikes_at(phase)
        too_long = strikes_at is not None and active >= strikes_at
        enough = self.main_is_said or self.said >= self.winds_down_at(phase)
        return enough or too_long or phase.name in self.skipped

    def most_sentences(self, phase: Phase) -> int:
        """How many more may be said in the current part."""
        end = self.winds_down_at(phase) if self.part is Part.MAIN else self.budget(phase)
        return max(end - self.said, 0)

    # ---- what happens to it --------------------------------------------------------------------------

    def begun(self, index: int, since: timedelta) -> "Plan":
        """In the phase at `index`, which begins `since` into the session."""
        return Plan(
            index=index,
            part=Part.MAIN,
            since=since,
            skipped=self.skipped,
            extended=self.extended,
            pace=self.pace,
        )

    def winding_down(self) -> "Plan":
        """With the main part over."""
        return self.model_copy(update={"part": Part.WIND_DOWN})

    def over(self) -> "Plan":
        """Behind the phase."""
        return self.model_copy(update={"part": Part.OVER, "waits": False})

    def waiting(self) -> "Plan":
        """With the phase's turn ended before its time."""
        return self.model_copy(update={"waits": True})

    def resumed(self) -> "Plan":
        """Going on."""
        return self.model_copy(update={"waits": False}) if self.waits else self

    def after_answer(self, part: Part | None, sentences: int, *, to_its_end: bool) -> "Plan":
        """After an answer of `part` was settled; `to_its_end`: the model had no more to say."""
        if part is None:
            return self
        update = {
            "said": self.said + sentences,
            "main_is_said": self.main_is_said or (part is Part.MAIN and to_its_end),
            "is_wound_down": self.is_wound_down or (part is Part.WIND_DOWN and to_its_end),
        }
        return self.model_copy(update=update)

    def wishing(self, settings: Settings) -> "Plan":
        """With what a person's `settings` say of it."""
        update: dict[str, object] = {}
        if settings.skip_phase is not None:
            update["skipped"] = _with(self.skipped, settings.skip_phase)
        if settings.extend_phase not in {None, *self.extended}:
            update["extended"] = _with(self.extended, settings.extend_phase)
            update["main_is_said"] = False
        if settings.pace is not None:
            update["pace"] = settings.pace
        return self.model_copy(update=update)


def _with(names: tuple[str, ...], name: str | None) -> tuple[str, ...]:
    return names if name is None or name in names else (*names, name)
