"""How hard property tests try: the same examples every time, or `PERDURE_EFFORT` times as many new ones."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

EFFORT: Final = int(os.environ.get("PERDURE_EFFORT", "0"))


def examples(count: int, *, steps: int = 30) -> settings:
    return settings(
        max_examples=count * max(EFFORT, 1),
        stateful_step_count=steps,
        derandomize=EFFORT == 0,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
