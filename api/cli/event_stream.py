"""The events of a session over as many connections as it takes.

Owns resuming after a break; must not know what the events mean, but for the end.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from api.cli.backoff import Backoff
from api.cli.client import Api
from api.cli.errors import NotReachableError
from api.cli.frames import Frame, FrameParser
from api.cli.reducer import ENDED, Event


def _unheard(connected: bool) -> None:
    """For those who do not care."""


class EventStream:
    """What happens in `session` behind `cursor` (None: from the beginning), until its end.

    `on_connection` hears once of every break, and once when events can come again. Gives up only when its
    task is cancelled or the API refuses.
    """

    def __init__(
        self,
        api: Api,
        session: str,
        cursor: str | None = None,
        on_connection: Callable[[bool], None] = _unheard,
    ) -> None:
        self._api = api
        self._session = session
        self._on_connection = on_connection
        self._backoff = Backoff()
        self._connected = True
        self.cursor = cursor
        """Behind the last event that was given out."""

    async def past(self) -> list[Event]:
        """All that is there already, marked as replay. Raises NotReachableError, RefusedError."""
        events: list[Event] = []
        while True:
            page = await self._api.past_events(self._session, self.cursor)
            if not page["events"]:
                return events
            events += page["events"]
            self.cursor = page["cursor"]

    async def live(self) -> AsyncGenerator[Event]:
        """Every event from here on. Raises RefusedError."""
        while True:
            try:
                async with aclosing(self._one_connection()) as connection:
                    async for event in connection:
                        self.cursor = event["cursor"]
                        yield event
                        if event["type"] == ENDED:
                            return
                if await self._is_over():
                    return
            except NotReachableError:
                self._report(connected=False)
            await asyncio.sleep(self._backoff.delay())

    async def _one_connection(self) -> AsyncGenerator[Event]:
        parser = FrameParser()
        async with aclosing(self._api.event_bytes(self._session, self.cursor)) as chunks:
            async for chunk in chunks:
                self._report(connected=True)
                if chunk:
                    self._backoff.reset()
                for frame in parser.feed(chunk):
                    yield _event(frame)

    async def _is_over(self) -> bool:
        """Whether the stream ended because nothing can come any more."""
        last = await self._api.past_events(self._session, self.cursor)
        session = await self._api.session(self._session)
        return not last["events"] and session["status"] == "closed"

    def _report(self, *, connected: bool) -> None:
        if connected != self._connected:
            self._connected = connected
            self._on_connection(connected)


def _event(frame: Frame) -> Event:
    """Raises NotReachableError for what is no event: the connection is not to be trusted."""
    try:
        return {**json.loads(frame.data), "cursor": frame.event_id}
    except (ValueError, TypeError) as error:
        raise NotReachableError("The event stream is garbled.") from error
