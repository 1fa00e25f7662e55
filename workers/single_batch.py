"""Workflow tasks that take in everything at once.

The SDK lets a workflow run between the signals of a task and what else it brings, and will not in a coming
release; the switch is not public yet. Owns the switch: a message that comes together with the end of a turn
is told with the next turn's start, instead of by a publication of its own, which costs two fifths of a turn.
What a history was made with is written in it. Must not be needed: without the switch, all is only slower.
"""

from temporalio.worker import Worker, _workflow_instance


def take_in_everything_at_once(worker: Worker) -> None:
    """Let `worker`, which is not started yet, work so from now on."""
    flags = getattr(_workflow_instance, "_WorkflowLogicFlag", None)
    flag = getattr(flags, "PROCESS_WORKFLOW_ACTIVATION_JOBS_AS_SINGLE_BATCH", None)
    switch = getattr(worker, "_set_default_workflow_logic_flag", None)
    if flag is not None and switch is not None:
        switch(flag, enabled=True)
