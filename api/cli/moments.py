"""Times and durations, as people say them.

Owns their words, and the one look at the clock.
"""

from datetime import UTC, datetime
from typing import Final

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def parse_moment(text: str) -> datetime:
    """The moment that RFC 3339 spells. Raises ValueError."""
    return datetime.fromisoformat(text)


def seconds_between(start: str, end: str) -> float:
    """Seconds from one RFC 3339 moment to another. Raises ValueError."""
    return (parse_moment(end) - parse_moment(start)).total_seconds()


def duration(seconds: float) -> str:
    """`47 s`, `5 min`, `2 h 10 min`, `7 days`."""
    whole = max(0, round(seconds))
    if whole < 2 * MINUTE:
        return f"{whole} s"
    if whole < 2 * HOUR:
        return f"{round(whole / MINUTE)} min"
    if whole < 2 * DAY:
        hours, rest = divmod(round(whole / MINUTE), 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(whole / DAY)} days"


def ago(moment: str, now: datetime) -> str:
    """How long before `now` something was."""
    seconds = (now - parse_moment(moment)).total_seconds()
    return "now" if seconds < 1 else f"{duration(seconds)} ago"


def local_time(moment: str, now: datetime) -> str:
    """The moment on the clock of this machine, with its day if that is not today."""
    local = parse_moment(moment).astimezone()
    is_today = local.date() == now.astimezone().date()
    return local.strftime("%H:%M:%S" if is_today else "%a %d %b, %H:%M")


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)
