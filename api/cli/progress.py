"""What a person should know while nothing new is to be read.

Owns how long it has been quiet and whether anybody is connected. Must not know where it is shown.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from api.cli.moments import duration
from api.cli.reducer import Conversation, Event
from api.cli.wording import RECONNECTING, again_status, retry_status

SILENCE_SECONDS: Final = 0.7


class Progress:
    """Hears every event, and says what the chat is waiting for."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._heard_at = clock()
        self._retry_at = clock()
        self._anew_at = clock()
        self.is_connected = True

    def heard(self, event: Event) -> None:
        """An event came."""
        self._heard_at = self._clock()
        if event["type"] == "turn.retrying":
            self._retry_at = self._heard_at
        elif event["type"] in {"turn.superseded", "reset"}:
            self._anew_at = self._heard_at

    def status(self, conversation: Conversation, *, is_stopping: bool) -> str:
        """One line; empty when there is nothing to say."""
        if not self.is_connected:
            return RECONNECTING
        turn = conversation.turn
        if turn is None:
            return ""
        if is_stopping:
            return "stopping…"
        if turn.retry is not None:
            return retry_status(turn.retry, self._clock() - self._retry_at)
        return self._silence() if turn.outdated is None else again_status(self._clock() - self._anew_at)

    def _silence(self) -> str:
        seconds = self._clock() - self._heard_at
        return f"waiting for the model… {duration(seconds)}" if seconds > SILENCE_SECONDS else ""
