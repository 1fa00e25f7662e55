"""The `reset` event: everything that a viewer holds, for one who asks for what is no longer in the log.

Owns putting it together out of the projection and the log, as of one place in the log. Must not send it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from pydantic_core import from_json, to_json

from activities.store.cursor import Cursor
from activities.store.log_reader import LoggedEvent, LogReader
from activities.store.projection import ProjectedSession, Projection
from workflows.contract.base import rfc3339
from workflows.contract.events import EpochStarted
from workflows.contract.session import TranscriptMessage

PAGE: Final = 500
ANNOUNCEMENTS: Final = frozenset({"speech.ready", "speech.skipped"})
KIND: Final[str] = EpochStarted.model_fields["type"].default


@dataclass(frozen=True)
class Reset:
    """The event, and whether the session is over for who has it."""

    event: LoggedEvent
    closed: bool


@dataclass(frozen=True)
class Spoken:
    """The last message that the model said in the log up to `cursor`."""

    cursor: Cursor
    partial: dict[str, Any] | None = None
    completed: dict[str, Any] | None = None
    """Its `message.completed`."""
    torn: bool = False
    """Whether the log has lost how it began."""
    sentences: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    """By their index, those of all messages that the log holds."""

    def after(self, entry: LoggedEvent) -> "Spoken":
        """With `entry`."""
        match entry.kind:
            case "message.delta":
                return self._longer(entry.cursor, from_json(entry.event))
            case "message.completed":
                completed = from_json(entry.event)
                return Spoken(entry.cursor, completed=completed, sentences=self.sentences)
            case "turn.superseded":
                return Spoken(entry.cursor, sentences=self.sentences)
            case "sentence":
                return self._with_sentence(entry.cursor, from_json(entry.event))
            case _:
                return replace(self, cursor=entry.cursor)

    def _longer(self, cursor: Cursor, delta: dict[str, Any]) -> "Spoken":
        message_id, held = delta["message_id"], self.partial
        shown = held["text"] if held and held["message_id"] == message_id else ""
        partial = {"message_id": message_id, "turn": delta["turn"], "text": shown + delta["text"]}
        torn = self.torn or delta["offset"] != len(shown)
        return Spoken(cursor, partial, torn=torn, sentences=self.sentences)

    def _with_sentence(self, cursor: Cursor, told: dict[str, Any]) -> "Spoken":
        sentence = {name: told[name] for name in ("turn", "index", "text", "phase")}
        return replace(self, cursor=cursor, sentences={**self.sentences, told["index"]: sentence})


async def read_reset(
    session_id: str, projection: Projection, reader: LogReader, now: datetime
) -> Reset | None:
    """The reset as of the projection; what follows its cursor in the log goes on from it.

    None when nothing was projected, or when nobody can say what the running message is.
    """
    image = await projection.image(session_id)
    if image.session is None:
        return None
    spoken = await spoken_until(session_id, image.cursor, reader)
    if spoken.torn:
        return None
    place = spoken.cursor if spoken.cursor == image.cursor else image.cursor
    speech = await reader.speech(session_id)
    event = {
        "type": KIND,
        "session_id": session_id,
        "at": rfc3339(now),
        "session": image.session.fields,
        "messages": _messages(image.session, image.messages, spoken.completed),
        "partial": spoken.partial,
        "sentences": _sentences(image.messages, spoken, _running(image.session)),
        "speech": await _speech(session_id, place, reader, speech),
        "rejected": image.session.rejected,
    }
    return Reset(LoggedEvent(place, KIND, to_json(event)), image.session.closed)


async def spoken_until(session_id: str, end: Cursor, reader: LogReader) -> Spoken:
    """As of `end`; a running turn is never trimmed out of the log."""
    spoken = Spoken(Cursor(end.epoch, 0))
    while entries := await reader.after(session_id, spoken.cursor, PAGE):
        for entry in entries:
            if entry.cursor > end:
                return spoken
            spoken = spoken.after(entry)
    return spoken


async def _speech(
    session_id: str, place: Cursor, reader: LogReader, speech: Mapping[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """What was announced up to `place`: the rest is still to come."""
    if not speech:
        return []
    later = {event["sentence_index"] for event in await _announced_after(session_id, place, reader)}
    return [speech[index] for index in sorted(set(speech) - later)]


async def _announced_after(session_id: str, place: Cursor, reader: LogReader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while entries := await reader.after(session_id, place, PAGE):
        found += (from_json(entry.event) for entry in entries if entry.kind in ANNOUNCEMENTS)
        place = entries[-1].cursor
    return found


def _sentences(
    transcript: Sequence[TranscriptMessage], spoken: Spoken, running: int | None
) -> list[dict[str, Any]]:
    """All that were told: out of the transcript, and of the log what is not in it yet."""
    told = {
        index: {"turn": message.turn, "index": index, "text": text, "phase": message.sentences.phase}
        for message in transcript
        if message.sentences is not None
        for index, text in message.sentences.told_in(message.content)
    }
    # A message of the transcript may have been cut to what was heard of it.
    final = {message.turn for message in transcript if message.sentences is not None} - {running}
    told.update((index, said) for index, said in spoken.sentences.items() if said["turn"] not in final)
    return [told[index] for index in sorted(told)]


def _running(session: ProjectedSession) -> int | None:
    turn = session.fields["turn"]
    return turn["number"] if turn else None


def _messages(
    session: ProjectedSession, transcript: Sequence[TranscriptMessage], completed: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """The transcript, and the message whose last word is said while its turn is still running."""
    messages = [message.model_dump(mode="json") for message in transcript]
    turn = session.fields["turn"]
    if completed is None or turn is None or turn["number"] != completed["turn"]:
        return messages
    last_words = TranscriptMessage(
        message_id=completed["message_id"],
        role="assistant",
        agent=turn["agent"],
        content=completed["text"],
        status=completed["status"],
        turn=completed["turn"],
        created_at=completed["at"],
    )
    known = any(message.message_id == last_words.message_id for message in transcript)
    return messages if known else [*messages, last_words.model_dump(mode="json")]
