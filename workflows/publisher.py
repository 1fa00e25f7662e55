"""One publication at a time on its way to the store.

As a local activity it costs one history event instead of six; it holds the workflow task open, so that a
store that is away is waited for by a normal activity. A *durable* one is normal from the start: its effect
must not run ahead of history.
Owns the publication in flight; must not decide what is in it.
"""

import asyncio
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError

from workflows import options
from workflows.contract.activities import project_session
from workflows.contract.errors import StoreFault
from workflows.contract.publication import Publication
from workflows.found_wrong import found_wrong
from workflows.state.store_finding import StoreFinding

SUMMARY_LENGTH: Final = 100


class Publisher:
    """Publishes, and remembers what is in flight."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._carried: Publication | None = None

    @property
    def busy(self) -> bool:
        """Whether a publication is in flight or its end was not taken yet."""
        return self._task is not None

    @property
    def carried(self) -> Publication | None:
        """The publication that is in flight."""
        return self._carried

    @property
    def done(self) -> bool:
        """Whether an end waits to be taken."""
        return self._task is not None and self._task.done()

    def start(self, publication: Publication, *, durable: bool = False) -> None:
        """Send `publication` on its way."""
        self._carried = publication
        self._task = asyncio.create_task(_publish(publication, durable=durable))

    def take(self) -> tuple[Publication, StoreFinding | None]:
        """The publication that was in flight, and what it found wrong with the store."""
        task, self._task = self._task, None
        carried, self._carried = self._carried, None
        if task is None or carried is None:
            raise RuntimeError("no publication is in flight")
        try:
            task.result()
        except ActivityError as error:
            return carried, found_wrong(error) or StoreFinding(StoreFault.EPOCH_LOST)
        return carried, None


async def _publish(publication: Publication, *, durable: bool) -> None:
    if durable or not await _published_locally(publication):
        await workflow.execute_activity(
            project_session, publication, **options.publication(_summary(publication))
        )


async def _published_locally(publication: Publication) -> bool:
    try:
        await workflow.execute_local_activity(
            project_session, publication, **options.local_publication(_summary(publication))
        )
    except FailureError as failure:
        workflow.logger.warning("publication is tried again as a normal activity: %s", failure)
        return False
    return True


def _summary(publication: Publication) -> str:
    told = ", ".join(entry.event["type"] for entry in publication.entries)
    return told[:SUMMARY_LENGTH] or "session object"
