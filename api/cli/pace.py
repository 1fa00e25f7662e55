"""Words at the pace of the voice: a sentence is told when it begins to be heard, what follows it afterwards.

Owns which events wait. They stay in their order. A voice that is silent for long holds nothing back: perhaps
this session has none. Pure. Must not know what telling is.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from api.cli.reducer import Event

SILENCE_SECONDS: Final = 5.0
_DELTA: Final = "message.delta"


@dataclass(frozen=True)
class _Held:
    """An event, and the sentence that must have begun before it is told."""

    event: Event
    sentence: int | None = None
    waits_for_its_number: bool = False


class Pace:
    """Events in, the same events out, later."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held: deque[_Held] = deque()
        self._reached = -1
        self._silent_since: float | None = None
        self._is_mute = False

    @property
    def waits(self) -> bool:
        """Whether words wait for the voice."""
        return bool(self._held)

    def take(self, event: Event) -> None:
        """Hold this event behind those before it."""
        kind = event["type"]
        if kind in {"speech.ready", "speech.skipped"}:
            self._is_mute = False
        if kind == "sentence":
            self._number_last_delta(event["index"])
        sentence = event["index"] if kind == "sentence" else None
        self._held.append(_Held(event, sentence, waits_for_its_number=kind == _DELTA))

    def reach(self, index: int) -> None:
        """The sentence `index` is heard, or never will be."""
        self._reached = max(self._reached, index)

    def open(self) -> list[Event]:
        """Everything that is held: nobody waits for the voice."""
        events = [held.event for held in self._held]
        self._held.clear()
        return events

    def due(self, *, is_playing: bool) -> list[Event]:
        """What may be told now."""
        events: list[Event] = []
        while self._held and self._may_be_told(self._held[0]):
            events.append(self._held.popleft().event)
        if self._is_silent(is_playing=is_playing):
            self._is_mute = True
            events += self.open()
        return events

    def _may_be_told(self, held: _Held) -> bool:
        if self._is_mute or held.sentence is None:
            # A delta's sentence comes right behind it; where something else does, it belongs to none.
            return self._is_mute or not held.waits_for_its_number or len(self._held) > 1
        return held.sentence <= self._reached

    def _is_silent(self, *, is_playing: bool) -> bool:
        """Whether words have waited for a voice that says nothing."""
        if is_playing or not self._held:
            self._silent_since = None
            return False
        if self._silent_since is None:
            self._silent_since = self._clock()
        return self._clock() - self._silent_since > SILENCE_SECONDS

    def _number_last_delta(self, index: int) -> None:
        if self._held and self._held[-1].waits_for_its_number:
            self._held[-1] = replace(self._held[-1], sentence=index, waits_for_its_number=False)
