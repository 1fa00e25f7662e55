"""How many random schedules are tried, and how long they are.

Owns the effort; `--hypothesis-profile=hunt` searches for as long as the profile says.
"""

from typing import Final

from hypothesis import HealthCheck, settings

EVERY_DAY: Final = 60

SCHEDULES: Final = settings(
    max_examples=settings.default.max_examples
    if settings.get_current_profile_name() == "hunt" and settings.default
    else EVERY_DAY,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
