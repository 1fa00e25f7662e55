"""The clocks of a session: how long it has been awake, and when it will end by itself.

Owns pauses, activity and the two time limits with their warnings; must not know turns or messages, and is
told whether a turn is running.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.contract.base import Elapsed, Timestamp, Value
from workflows.contract.profile import Limits
from workflows.contract.session import EndReason

LONGEST_WARNING: Final = timedelta(seconds=60)
WARNING_SHARE: Final = 5


class DeadlineKind(StrEnum):
    """What a session waits for."""

    IDLE_TIMEOUT = "idle_timeout"
    MAX_DURATION = "max_duration"
    IDLE_WARNING = "idle_warning"
    DURATION_WARNING = "duration_warning"
    RETRY = "retry"
    PHASE = "phase"
    VOICE = "voice"


class Deadline(Value):
    """A moment at which something follows, and what."""

    at: Timestamp
    kind: DeadlineKind
    label: str
    """For people who read the timer's name."""


def warning_time(limit: timedelta) -> timedelta:
    """How long before a limit strikes clients are warned."""
    return min(LONGEST_WARNING, limit / WARNING_SHARE)


class Clocks(Value):
    """Moments that the limits are counted from."""

    started_at: Timestamp
    last_activity_at: Timestamp
    paused_since: Timestamp | None = None
    paused_for: Elapsed = timedelta()
    """All pauses that are over."""
    idle_warned: bool = False
    duration_warned: bool = False

    @property
    def paused(self) -> bool:
        """Whether the session is paused now."""
        return self.paused_since is not None

    def active(self, now: datetime) -> timedelta:
        """Unpaused time since the start."""
        end = self.paused_since or now
        return max(end - self.started_at - self.paused_for, timedelta())

    def touched(self, at: datetime) -> "Clocks":
        """After a client's action or a turn's end at `at`."""
        latest = max(at, self.last_activity_at)
        return self.model_copy(update={"last_activity_at": latest, "idle_warned": False})

    def pause(self, at: datetime) -> "Clocks":
        """Every clock stands still from `at` on."""
        return self if self.paused else self.model_copy(update={"paused_since": at})

    def resume(self, at: datetime) -> "Clocks":
        """Every clock goes on at `at`."""
        if self.paused_since is None:
            return self
        pause = max(at - self.paused_since, timedelta())
        return self.model_copy(update={"paused_since": None, "paused_for": self.paused_for + pause})

    def rearmed(self, old: Limits, new: Limits) -> "Clocks":
        """After the limits changed: a clock that strikes at another time warns anew."""
        same_duration = old.max_duration == new.max_duration
        return self.model_copy(
            update={"idle_warned": False, "duration_warned": self.duration_warned and same_duration}
        )

    def warned(self, reason: EndReason) -> "Clocks":
        """After clients were warned of `reason`."""
        if reason is EndReason.IDLE_TIMEOUT:
            return self.model_copy(update={"idle_warned": True})
        if reason is EndReason.MAX_DURATION:
            return self.model_copy(update={"duration_warned": True})
        return self

    def idle_at(self, limits: Limits, *, busy: bool) -> datetime | None:
        """When the idle timeout strikes; None while a turn runs, during a pause, and without a limit."""
        if limits.idle_timeout is None or busy or self.paused:
            return None
        return self.last_activity_at + limits.idle_timeout

    def ends_at(self, limits: Limits) -> datetime | None:
        """When the maximal duration is over; None during a pause and without a limit."""
        if limits.max_duration is None or self.paused:
            return None
        return self.started_at + self.paused_for + limits.max_duration

    def when_active_for(self, active: timedelta) -> datetime | None:
        """When the session will have been awake for `active`; None during a pause."""
        return None if self.paused else self.started_at + self.paused_for + active

    def deadlines(self, limits: Limits, *, busy: bool) -> list[Deadline]:
        """Everything that the clocks will bring if nothing else happens, in no order."""
        idle_at, ends_at = self.idle_at(limits, busy=busy), self.ends_at(limits)
        found: list[Deadline] = []
        if idle_at is not None and limits.idle_timeout is not None:
            found += _pair(idle_at, limits.idle_timeout, _IDLE, warned=self.idle_warned)
        if ends_at is not None and limits.max_duration is not None:
            found += _pair(ends_at, limits.max_duration, _DURATION, warned=self.duration_warned)
        return found


_IDLE: Final = (DeadlineKind.IDLE_TIMEOUT, DeadlineKind.IDLE_WARNING, "idle timeout")
_DURATION: Final = (DeadlineKind.MAX_DURATION, DeadlineKind.DURATION_WARNING, "max duration")


def _pair(
    at: datetime, limit: timedelta, names: tuple[DeadlineKind, DeadlineKind, str], *, warned: bool
) -> list[Deadline]:
    strike, warning, words = names
    label = f"{words} {limit.total_seconds():g} s"
    found = [Deadline(at=at, kind=strike, label=label)]
    if not warned:
        found.append(Deadline(at=at - warning_time(limit), kind=warning, label=f"warning before {label}"))
    return found
