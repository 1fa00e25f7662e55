"""One message and its answer.

Owns `perdure send`: it returns when the turn that answers has settled. Must not know how text is written.
"""

import asyncio
from functools import partial
from typing import Any

from api.cli.answer import Answer
from api.cli.client import Api, Json, patiently
from api.cli.errors import RefusedError
from api.cli.event_stream import EventStream
from api.cli.narrator import Narrator
from api.cli.outbox import Letter
from api.cli.pulse import Pulse
from api.cli.reducer import Event
from api.cli.view import View
from api.cli.wording import notice_of


async def send_only(api: Api, session: str, letter: Letter) -> Json:
    """Send the message, and return the API's answer to that."""
    return await patiently(partial(api.send, session, letter.message_id, letter.text, letter.delivery))


class Sending:
    """A message that is sent, and its answer on `view`."""

    def __init__(self, api: Api, session: str, letter: Letter, view: View) -> None:
        self._api = api
        self._session = session
        self._letter = letter
        self._view = view
        self._answer = Answer(letter.message_id)
        self._narrator = Narrator(view.paper, self._answer.includes)
        self._pulse = Pulse(view.paper, self._show)

    async def run(self) -> Json:
        """Send and follow; what became of it. Raises RefusedError, NotReachableError."""
        # Where the log stood before: the answer to a message that is sent twice may name a later place.
        place = (await patiently(partial(self._api.session, self._session)))["cursor"]
        taken = await send_only(self._api, self._session, self._letter)
        stream = EventStream(self._api, self._session, place, self._pulse.on_connection)
        ticking = asyncio.create_task(self._pulse.beat())
        try:
            async for event in stream.live():
                self._hear(event)
                if self._answer.status is not None:
                    return {**taken, **self._result(stream.cursor)}
        finally:
            ticking.cancel()
            self._view.close()
        raise RefusedError("The session is over: nobody will answer.")

    def raise_unless_complete(self) -> None:
        """Raises RefusedError when the answer is none."""
        if self._answer.status == "failed":
            raise RefusedError(f"The answer failed: {self._answer.error or 'see the session.'}")
        if self._answer.status == "stopped":
            raise RefusedError("The answer was stopped.")

    def _hear(self, event: Event) -> None:
        before = self._narrator.conversation
        self._answer.hear(event, before)
        self._narrator.follow(event)
        notice = notice_of(event, before)
        if notice and notice.passing:
            self._view.paper.notice(notice)
        self._pulse.heard(event)

    def _result(self, cursor: str | None) -> dict[str, Any]:
        said = [message for message in self._narrator.conversation.messages.values() if message.text]
        text = "\n\n".join(message.text for message in said if self._answer.includes(message))
        result = {"cursor": cursor, "turn": self._answer.turn, "status": self._answer.status, "text": text}
        return {**result, "error": self._answer.error} if self._answer.error else result

    def _show(self) -> None:
        self._view.status(self._pulse.status(self._narrator.conversation))
