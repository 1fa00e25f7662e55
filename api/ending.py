"""The end of a session, said for a workflow that cannot say it.

Owns the last words: those that the workflow would have said, as far as the store knows what was going on.
Must not know how it was noticed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.store.event_log import Entry, EventLog, LastWords, Outcome
from activities.store.log_reader import LogReader
from activities.store.projection import ProjectedSession, Projection
from activities.store.retention import Retention
from api.reset import spoken_until
from workflows.contract.base import rfc3339, unix_milliseconds
from workflows.contract.errors import ErrorCode
from workflows.contract.events import (
    MessageCompleted,
    MessageRejected,
    PublishedEvent,
    SessionEnded,
    SessionStatusChanged,
    TurnStopped,
    VoiceStateChanged,
)
from workflows.contract.session import EndReason, Status, StopReason, Summary, TranscriptMessage, Usage
from workflows.contract.voice import VoiceState


@dataclass(frozen=True)
class _Said:
    """The message of the running turn, as far as viewers hold it."""

    message: TranscriptMessage
    whole: bool
    """Whether its last word is in the log already."""


class Ending:
    """Ends sessions. Raises StoreUnavailableError."""

    def __init__(
        self, log: EventLog, reader: LogReader, projection: Projection, retention: Retention
    ) -> None:
        self._log = log
        self._reader = reader
        self._projection = projection
        self._retention = retention

    async def end(self, session_id: str, tenant: str, reason: EndReason) -> bool:
        """Let viewers, listing and snapshot tell that the session is over; False where the store lost it."""
        now = datetime.now(UTC)
        is_told = await self._is_told(session_id, tenant, reason, now)
        if is_told:
            # Also where it was told before: by somebody who may not have lived to note it.
            await self._retention.note_end(session_id, unix_milliseconds(now))
        return is_told

    async def _is_told(self, session_id: str, tenant: str, reason: EndReason, now: datetime) -> bool:
        outcome = Outcome.GAP
        while outcome is Outcome.GAP:
            session = await self._projection.session(session_id)
            if session is None:
                return False
            if session.closed:
                return True
            words = await self._last_words(session, reason, now)
            outcome = await self._log.cut_off(session_id, tenant, session.end.n, words)
        return outcome is Outcome.OK

    async def _last_words(self, session: ProjectedSession, reason: EndReason, now: datetime) -> LastWords:
        said = await self._said(session, now)
        events = [
            *_end_of_message(said, now),
            *_end_of_turn(session.fields["turn"], now),
            *_end_of_queue(session.fields["queue"], now),
            *_end_of_voice(session.fields["voice_state"], now),
            SessionStatusChanged(at=now, old=session.fields["status"], new=Status.CLOSED),
            SessionEnded(at=now, reason=reason, summary=await self._summary(session)),
        ]
        return LastWords(
            entries=[Entry.of(session.fields["session_id"], event) for event in events],
            fields=closed_fields(session.fields, reason, now),
            message=said.message.model_dump_json().encode() if said else None,
        )

    async def _said(self, session: ProjectedSession, now: datetime) -> _Said | None:
        turn = session.fields["turn"]
        spoken = await spoken_until(session.fields["session_id"], session.end, self._reader)
        found = spoken.completed or spoken.partial
        if turn is None or found is None or found["turn"] != turn["number"]:
            return None
        message = TranscriptMessage(
            message_id=found["message_id"],
            role="assistant",
            agent=turn["agent"],
            content=found["text"],
            status=found.get("status", "stopped"),
            turn=turn["number"],
            created_at=now,
        )
        return _Said(message, whole=spoken.completed is not None)

    async def _summary(self, session: ProjectedSession) -> Summary:
        fields = session.fields
        messages = (await self._projection.image(fields["session_id"])).messages
        return Summary(
            turns=_turns(fields["turn"], messages),
            messages=fields["message_count"],
            active_seconds=timedelta(seconds=fields["active_seconds"]),
            usage=Usage(**fields["usage"]),
        )


def _turns(turn: dict[str, Any] | None, messages: Sequence[TranscriptMessage]) -> int:
    return int(turn["number"]) if turn else max((message.turn for message in messages), default=0)


def _end_of_message(said: _Said | None, now: datetime) -> Sequence[PublishedEvent]:
    if said is None or said.whole:
        return ()
    message = said.message
    words = {"turn": message.turn, "message_id": message.message_id, "text": message.content}
    return (MessageCompleted.model_validate({"at": now, "status": "stopped", **words}),)


def _end_of_turn(turn: dict[str, Any] | None, now: datetime) -> Sequence[PublishedEvent]:
    if turn is None:
        return ()
    reason = StopReason.SESSION_ENDED
    return (TurnStopped(at=now, turn=turn["number"], usage=Usage(), reason=reason),)


def _end_of_queue(queue: Sequence[dict[str, Any]], now: datetime) -> Sequence[PublishedEvent]:
    closed = ErrorCode.SESSION_CLOSED
    return [MessageRejected(at=now, message_id=waiting["message_id"], reason=closed) for waiting in queue]


def _end_of_voice(state: str | None, now: datetime) -> Sequence[PublishedEvent]:
    if state is None:
        return ()
    return (VoiceStateChanged(at=now, old=VoiceState(state), new=VoiceState.TERMINATED),)


def closed_fields(fields: Mapping[str, Any], reason: EndReason, now: datetime) -> dict[str, Any]:
    """What changes of the object `fields` of a session that is cut off."""
    ended = {"status": Status.CLOSED, "end_reason": reason, "updated_at": rfc3339(now)}
    if fields["voice_state"] is not None:
        ended["voice_state"] = VoiceState.TERMINATED
    return ended | dict.fromkeys(("turn", "idle_at", "ends_at")) | {"queue": [], "queued": 0}
