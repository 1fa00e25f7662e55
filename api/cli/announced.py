"""Which sentences were announced: each once, in order, with the turn that it belongs to.

Owns their numbers, also when the log says again what it has said. Pure. Must not know who hears them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.cli.reducer import Event

_READY: Final = "speech.ready"
_SKIPPED: Final = "speech.skipped"


@dataclass(frozen=True)
class Sentence:
    """A sentence that was spoken, or, without audio, skipped; `index` counts from 0 through the session."""

    index: int
    turn: int | None
    audio_id: str | None
    duration_ms: int


class Announced:
    """Reads events in their order."""

    def __init__(self) -> None:
        self._turns: dict[int, int] = {}
        self._next = 0
        self.latest_turn = 0
        """The highest number of a turn that was seen."""
        self.last: Sentence | None = None
        """The sentence that was announced last."""

    def read(self, event: Event) -> list[Sentence]:
        """The sentences that `event` announces for the first time; a reset says again what was said."""
        if isinstance(event.get("turn"), int):
            self.latest_turn = max(self.latest_turn, event["turn"])
        match event["type"]:
            case "sentence":
                self._turns[event["index"]] = event["turn"]
                return []
            case "reset":
                self._turns.update((told["index"], told["turn"]) for told in event.get("sentences", ()))
                return self._new(event.get("speech", ()))
            case kind if kind in {_READY, _SKIPPED}:
                return self._new([event])
            case _:
                return []

    def _new(self, announcements: Sequence[Mapping[str, Any]]) -> list[Sentence]:
        new = [self._sentence(speech) for speech in announcements if speech["sentence_index"] >= self._next]
        if new:
            self.last, self._next = new[-1], new[-1].index + 1
        return new

    def _sentence(self, speech: Mapping[str, Any]) -> Sentence:
        index = speech["sentence_index"]
        turn = self._turns.get(index)
        return Sentence(index, turn, speech.get("audio_id"), speech.get("duration_ms") or 0)
