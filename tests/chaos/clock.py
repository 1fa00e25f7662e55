"""The clock of a run: seconds since its begin, for everybody who writes something down."""

import asyncio
from time import monotonic


class Clock:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._began = monotonic()

    def now(self) -> float:
        """Seconds since the begin, to the tenth of a millisecond."""
        return round(monotonic() - self._began, 4)

    async def until(self, moment: float) -> None:
        """Wait for `moment`."""
        await asyncio.sleep(max(moment - self.now(), 0))
