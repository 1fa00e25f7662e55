"""How long to wait before the next try.

Owns the numbers: doubling, with jitter, so that the clients of a server that comes back do not all come at
once. Must not wait.
"""

import random
from typing import Final

FIRST_SECONDS: Final = 0.2
LONGEST_SECONDS: Final = 5.0


class Backoff:
    """Delays that grow until `reset`."""

    def __init__(self) -> None:
        self._next = FIRST_SECONDS

    def delay(self) -> float:
        """Seconds to wait now: between half of the current step and all of it."""
        step, self._next = self._next, min(self._next * 2, LONGEST_SECONDS)
        return step * random.uniform(0.5, 1)  # noqa: S311 - spreads clients; keeps no secret

    def reset(self) -> None:
        """Something worked: begin anew."""
        self._next = FIRST_SECONDS
