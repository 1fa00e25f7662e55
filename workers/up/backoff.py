"""Owns how long to wait before a part is started again; must not wait."""

FIRST = 0.2
LONGEST = 10.0
HEALTHY_AFTER = 30.0


class Backoff:
    """No delay at first, then 0.2 s doubling to 10 s, until the part has been healthy for 30 s."""

    def __init__(self) -> None:
        self._next = 0.0

    def delay(self, healthy_for: float) -> float:
        """Return the seconds to wait after a life of which `healthy_for` seconds were healthy."""
        delay = 0.0 if healthy_for >= HEALTHY_AFTER else self._next
        self._next = min(max(FIRST, delay * 2), LONGEST)
        return delay
