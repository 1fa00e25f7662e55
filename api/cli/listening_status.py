"""What stands below the words while somebody listens: the phase, what is heard, and when it ends.

Owns the wording. Must not draw.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from api.cli.hearing import Hearing
from api.cli.moments import duration, parse_moment, utc_now
from api.cli.paper import Line
from api.cli.phase_line import phase_line
from api.cli.phase_progress import PlanProgress
from api.cli.reducer import Event
from api.cli.terminal import is_coloured
from api.cli.wording import RECONNECTING

INTERRUPTED: Final = "interrupted: write something, or press Enter to go on"
WAITING_FOR_THE_VOICE: Final = "waiting for the voice…"
HOW_TO_INTERRUPT: Final = "Enter interrupts"


class ListeningStatus:
    """What is true of one session and who hears it."""

    def __init__(self, hearing: Hearing, *, has_keyboard: bool) -> None:
        self._hearing = hearing
        self._has_keyboard = has_keyboard
        self._is_coloured = is_coloured(sys.stdout)
        self._plan = PlanProgress()

    def told(self, event: Event) -> None:
        """An event was told to the person."""
        self._plan = self._plan.after(event)

    def head(self, width: int) -> Sequence[Line]:
        """The phase, if the session has any."""
        phase = self._plan.phase
        return [phase_line(phase, width, coloured=self._is_coloured)] if phase else []

    def line(self, session: Mapping[str, Any], waiting: str, *, is_paused: bool, words_wait: bool) -> str:
        """One line; `waiting`: what the conversation waits for, `words_wait`: whether that is the voice."""
        if is_paused:
            return INTERRUPTED
        happens = WAITING_FOR_THE_VOICE if words_wait and waiting != RECONNECTING else waiting
        if self._hearing.is_playing:
            happens = "playing" if waiting != RECONNECTING else f"playing · {RECONNECTING}"
        ahead = f"{self._hearing.ahead} ahead" if self._hearing.plays and self._hearing.ahead else ""
        hint = HOW_TO_INTERRUPT if self._has_keyboard else ""
        return " · ".join(filter(None, (happens, ahead, _time_left(session, utc_now()), hint)))


def _time_left(session: Mapping[str, Any], now: datetime) -> str:
    """Until the first of the session's clocks strikes."""
    ends = [moment for name in ("ends_at", "idle_at") if (moment := session.get(name))]
    if not ends:
        return ""
    left = (min(map(parse_moment, ends)) - now).total_seconds()
    return f"ends in {duration(left)}" if left > 0 else ""
