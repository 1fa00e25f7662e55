"""The end of a turn, said by the step that brings it.

When an answer is complete, what the workflow will say is known before it knows of it: that the turn is over
and the session idle. The step says so with the answer's last word, if the workflow said nothing else since
the step began. Owns what is said then; whether it may be is the store's to decide.
"""

from datetime import datetime
from typing import Any

from workflows.contract.base import Elapsed, Seconds, Value, in_seconds, rfc3339, to_milliseconds
from workflows.contract.events import SessionStatusChanged, TurnCompleted
from workflows.contract.publication import LogEntry, Publication
from workflows.contract.session import MessageSentences, Status, TranscriptMessage, Usage


class TurnEnd(Value):
    """What the workflow knows of the end when the step begins."""

    turn: int
    agent: str
    message_id: str
    names: tuple[str, str]
    """The outbox's, of the turn's end and of the change of status."""
    message_index: int
    """The answer's place in the transcript."""
    turn_usage: Usage
    session_usage: Usage
    """Before the step."""
    active: Elapsed
    """Unpaused time of the session when the step begins."""
    idle_timeout: Seconds | None
    """After which the session will end by itself, if it will."""

    def publication(
        self,
        riding: Publication,
        text: str,
        usage: Usage,
        at: datetime,
        sentences: MessageSentences | None = None,
    ) -> Publication:
        """What is said at `at` of the step that `riding` began with and whose answer is complete."""
        now = to_milliseconds(at)
        completed = TurnCompleted(at=now, turn=self.turn, usage=self.turn_usage + usage)
        idle = SessionStatusChanged(at=now, old=Status.ACTIVE, new=Status.IDLE)
        entries = (
            LogEntry(name=name, event=event.published(riding.session_id))
            for name, event in zip(self.names, (completed, idle), strict=True)
        )
        return riding.model_copy(
            update={
                "base": riding.end,
                "entries": tuple(entries),
                "revision": riding.revision + 1,
                "as_of": now,
                "session": self._session(riding, usage, now),
                "messages_from": self.message_index,
                "messages": self._messages(text, now, sentences),
                "writes": (),
                "trim": True,
            }
        )

    def _session(self, riding: Publication, usage: Usage, now: datetime) -> dict[str, Any]:
        """The fields of the session object that change."""
        since = now - (riding.as_of or now)
        return {
            "status": Status.IDLE.value,
            "turn": None,
            "usage": (self.session_usage + usage).model_dump(mode="json"),
            "updated_at": rfc3339(now),
            "last_activity_at": rfc3339(now),
            "idle_at": rfc3339(now + self.idle_timeout) if self.idle_timeout else None,
            "active_seconds": in_seconds(self.active + since),
        }

    def _messages(
        self, text: str, now: datetime, sentences: MessageSentences | None
    ) -> tuple[TranscriptMessage, ...]:
        if not text:
            return ()
        message = TranscriptMessage(
            message_id=self.message_id,
            role="assistant",
            agent=self.agent,
            content=text,
            turn=self.turn,
            created_at=now,
            sentences=sentences,
        )
        return (message,)
