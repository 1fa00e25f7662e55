"""Replays that fail only for what is wrong with a history.

Owns one exception: with a garbage collection at the wrong moment, an import of Python 3.11 loses its lock
(KeyError of the thread). A worker fails the workflow task, and Temporal tries it again; so does this.
"""

from typing import Final

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowReplayResult

from workers.sandbox import REPLAY_SANDBOX
from workflows.contract.wire import DATA_CONVERTER
from workflows.session import Session

_LOST_LOCK: Final = 'type: "KeyError"'
_IN_IMPORT: Final = "<frozen importlib._bootstrap>"
_TRIES: Final = 3


class _PatientReplayer(Replayer):
    async def replay_workflow(
        self, history: WorkflowHistory, *, raise_on_replay_failure: bool = True
    ) -> WorkflowReplayResult:
        for _ in range(_TRIES):
            result = await super().replay_workflow(history, raise_on_replay_failure=False)
            if not is_lost_lock(result.replay_failure):
                break
        if raise_on_replay_failure and result.replay_failure is not None:
            raise result.replay_failure
        return result


def is_lost_lock(failure: Exception | None) -> bool:
    """Whether a replay ended because an import lost its lock, rather than for what it replayed."""
    told = str(failure)
    return _LOST_LOCK in told and _IN_IMPORT in told


REPLAYER: Final = _PatientReplayer(
    workflows=[Session], workflow_runner=REPLAY_SANDBOX, data_converter=DATA_CONVERTER
)
