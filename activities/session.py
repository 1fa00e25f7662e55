"""Publishing what the workflow has to tell.

Owns the activity; what a publication does to the store is `activities.store`'s.
"""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.audio_loss import audio_loss_told
from activities.store.event_log import EventLog, Outcome
from workflows.contract.errors import StoreFault
from workflows.contract.publication import Publication


class SessionProjection:
    """The activity `project_session`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    @activity.defn
    async def project_session(self, publication: Publication) -> None:
        """Publish what the workflow has to tell; an echo is as good as done, unless it was to find out."""
        async with audio_loss_told():
            outcome = await self._log.publish(publication)
        if outcome is Outcome.LOST or (outcome is Outcome.ECHO and publication.checking):
            raise ApplicationError(
                "the store does not hold what the publication continues",
                type=StoreFault.EPOCH_LOST,
                non_retryable=True,
            )
