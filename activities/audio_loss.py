"""Telling the workflow that what it announces cannot be heard.

Owns the error; what follows is the workflow's to say.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.exceptions import ApplicationError

from activities.store.event_log import AudioLostError
from workflows.contract.errors import StoreFault


@asynccontextmanager
async def audio_loss_told() -> AsyncIterator[None]:
    """Raise AudioLostError as the ApplicationError that the workflow reads."""
    try:
        yield
    except AudioLostError as error:
        raise ApplicationError(
            str(error), error.sentence_index, type=StoreFault.AUDIO_LOST, non_retryable=True
        ) from error
