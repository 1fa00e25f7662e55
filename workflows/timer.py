"""The one durable timer of a session, re-armed lazily.

A timer that fires too early costs one look at the clocks; re-arming it with every message would cost two
history events each time. Owns the armed timer; must not know what a deadline is for.
"""

import asyncio

from temporalio import workflow

from workflows.contract.base import MILLISECOND
from workflows.state.clocks import Deadline, DeadlineKind


class Timer:
    """At most one durable timer."""

    def __init__(self) -> None:
        self._armed: Deadline | None = None
        self._sleep: asyncio.Task[None] | None = None

    @property
    def fired(self) -> bool:
        """Whether the armed timer is over."""
        return self._sleep is not None and self._sleep.done()

    def arm(self, deadline: Deadline | None) -> None:
        """Wake the session no later than `deadline`; an earlier timer serves as well."""
        if self.fired:
            self._armed = self._sleep = None
        if deadline is None or self._serves(deadline):
            return
        if self._sleep is not None:
            self._sleep.cancel()
        wait = max(deadline.at - workflow.now(), MILLISECOND)
        self._armed = deadline
        self._sleep = asyncio.create_task(workflow.sleep(wait, summary=deadline.label))

    def _serves(self, deadline: Deadline) -> bool:
        if self._armed is None:
            return False
        if deadline.kind is DeadlineKind.RETRY:
            # A retry is always visible under its own name.
            return self._armed == deadline
        return self._armed.at <= deadline.at
