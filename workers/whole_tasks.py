"""What has happened to a session reaches it with a workflow task, and not before.

A worker that is queried about a session which it does not hold gets the whole history, and the SDK shows the
session also what no task has brought yet, at the time of the task before. What the session does then is in no
history, the worker keeps it as it is, and no replay ever gets there again: the session is stuck for good.
Owns that such a query fails, and is asked again; must not look into what happened.
"""

from typing import Any, Final

_TELLS_NOTHING: Final = frozenset({"query_workflow", "remove_from_cache"})


class AheadOfTaskError(RuntimeError):
    """A query came between an event and its workflow task."""

    def __init__(self) -> None:
        super().__init__("Something has just happened to the session; query it again in a moment.")


class WholeTasks:
    """Watches the activations of one session."""

    def __init__(self) -> None:
        self._time = (0, 0)
        self._history_length = 0

    def check(self, activation: Any) -> None:
        """Raise AheadOfTaskError when `activation` brings events that are in no task yet.

        Each task has a time of its own, which is later than everything before: events without it have none.
        """
        if all(job.WhichOneof("variant") in _TELLS_NOTHING for job in activation.jobs):
            return
        time = (activation.timestamp.seconds, activation.timestamp.nanos)
        if time == self._time and activation.history_length > self._history_length:
            raise AheadOfTaskError
        self._time, self._history_length = time, activation.history_length
