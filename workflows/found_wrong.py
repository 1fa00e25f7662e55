"""What an activity found wrong with the store.

Owns how that is read from its error; what follows is the state's to say.
"""

from temporalio.exceptions import ActivityError, ApplicationError

from workflows.contract.errors import StoreFault
from workflows.state.store_finding import StoreFinding


def found_wrong(error: ActivityError) -> StoreFinding | None:
    """What `error` tells of the store; None when it is of something else."""
    cause = error.cause
    if not isinstance(cause, ApplicationError) or cause.type not in set(StoreFault):
        return None
    fault = StoreFault(cause.type)
    index = cause.details[0] if fault is StoreFault.AUDIO_LOST else 0
    return StoreFinding(fault, index)
