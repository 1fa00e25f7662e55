"""Words at the pace of the voice: a sentence is told when it begins to be heard, the rest when it has ended.

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
_NONE: Final = -1


@dataclass(frozen=True)
class _Held:
    """An event, the sentence behind whose end it stands, and the sentence that it tells."""

    event: Event
    behind: int
    sentence: int = _NONE
    waits_for_its_number: bool = False


class Pace:
    """Events in, the same events out, later."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held: deque[_Held] = deque()
        self._last = _NONE
        self._begun = _NONE
        self._ended = _NONE
        self._silent_since: float | None = None
        self._is_mute = False

    @property
    def waits(self) -> bool:
        """Whether words wait for the voice."""
        return any(held.sentence != _NONE for held in self._held)

    def take(self, event: Event) -> None:
        """Hold this event behind those before it."""
        kind = event["type"]
        if kind in {"speech.ready", "speech.skipped"}:
            self._is_mute, self._silent_since = False, None
        if kind == "sentence":
            self._take_sentence(event)
        else:
            # The sentence that a delta tells has its number in the event behind it.
            self._held.append(_Held(event, self._last, waits_for_its_number=kind == _DELTA))

    def begin(self, index: int) -> None:
        """The sentence `index` begins to be heard."""
        self._begun = max(self._begun, index)
        self._ended = max(self._ended, index - 1)

    def end(self, index: int) -> None:
        """The sentence `index` was heard, or never will be."""
        self.begin(index)
        self._ended = max(self._ended, index)

    def open(self) -> list[Event]:
        """Everything that is held: nobody waits for the voice."""
        events = [held.event for held in self._held]
        self._held.clear()
        self._silent_since = None
        self.end(self._last)
        return events

    def due(self, *, is_playing: bool) -> list[Event]:
        """What may be told now."""
        events: list[Event] = []
        while self._held and self._may_be_told(self._held[0]):
            events.append(self._held.popleft().event)
        if self._is_mute or self._is_silent(is_playing=is_playing):
            self._is_mute = True
            events += self.open()
        return events

    def _take_sentence(self, event: Event) -> None:
        index = event["index"]
        if self._held and self._held[-1].waits_for_its_number:
            self._held[-1] = replace(self._held[-1], sentence=index, waits_for_its_number=False)
        self._held.append(_Held(event, self._last, index))
        self._last = max(self._last, index)

    def _may_be_told(self, held: _Held) -> bool:
        if held.sentence != _NONE:
            return held.sentence <= self._begun
        # Where something else stands behind a delta, it tells no sentence.
        return held.behind <= self._ended and (not held.waits_for_its_number or len(self._held) > 1)

    def _is_silent(self, *, is_playing: bool) -> bool:
        """Whether words have waited for a voice that says nothing."""
        if is_playing or not self._held:
            self._silent_since = None
            return False
        if self._silent_since is None:
            self._silent_since = self._clock()
        return self._clock() - self._silent_since > SILENCE_SECONDS
