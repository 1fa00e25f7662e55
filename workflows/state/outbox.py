"""What the workflow still has to tell the store.

An event stays here until a publication that holds it is known to be in the store; repeating one is harmless.
An event's name, not its place, is its identity: when a workflow task that already published is lost, the
next one may see more signals and record the same events in another order, or another end of the same turn.
Owns that bookkeeping; must not decide when to publish.
"""

from datetime import datetime
from typing import Any, Final

from workflows.contract.base import Value, unix_milliseconds
from workflows.contract.events import (
    CommandTaken,
    EpochStarted,
    Event,
    Interruption,
    MessageRejected,
    MessageTruncated,
    MessageWithdrawn,
    RecordingTranscribed,
    SessionEnded,
    SessionEndingSoon,
    SessionUpdated,
    SpeechReady,
    SpeechSkipped,
    SpeechUnannounced,
    StoreDoubted,
    TurnCompleted,
    TurnFailed,
    TurnRetrying,
    TurnStarted,
    TurnStopped,
    VoiceStateChanged,
)
from workflows.contract.publication import REJECTED, LogEntry, Publication, Rejected, step_name
from workflows.contract.voice import VoiceState
from workflows.state.session_state import SessionState
from workflows.state.turn import StepStatus
from workflows.state.view import session_view

REMEMBERED_WRITES: Final = 1000

_FLEETING: Final = frozenset({"status", "turn", "queued", "queue", "idle_at", "ends_at", "voice_state"})
"""Fields that may be as they were while a publication that says otherwise is on its way: always told."""

_CHANGED_BY_CLIENTS: Final = frozenset({"title", "metadata", "limits", "settings"})
"""Fields that may be so as long as a change of them is unconfirmed."""

_CHANGE: Final = SessionUpdated.model_fields["type"].default
_LAST_WORD: Final = SessionEnded.model_fields["type"].default
REMEMBERED_REFUSALS: Final = 32
"""No session object shows that a message was rejected, and who sent it waits: a `reset` says so again."""


class Outbox(Value):
    """Unconfirmed events and requests, and what the store is known to hold."""

    epoch: int = 0
    """The life of the log that `base` and `entries` belong to."""
    base: int = 0
    """Entries known to be in the log of this epoch."""
    settled: int = 0
    """Steps whose last word is known to be in it."""
    said: int = 0
    """Entries that steps are known to have said in it for the workflow; `base` does not count them."""
    said_ahead: frozenset[str] = frozenset()
    """The names of those that are yet to be recorded."""
    entries: tuple[LogEntry, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    """The last ones."""
    counts: dict[str, int] = {}
    """How many events of each type were ever added."""
    writes: tuple[str, ...] = ()
    session: dict[str, Any] = {}
    """Fields of the session object as the store is known to hold them."""
    revision: int = -1
    """As of when."""
    messages: int = 0
    """Transcript messages known to be in the store."""
    altered_from: int = 0
    """Of the messages that were cut to what was heard of them, the first one of the last cut."""
    altered_at: int = -1
    """Its revision: who told the messages before it told something else."""
    doubts: int = 0
    """Times that somebody doubted the store."""
    dispelled: int = 0
    """Of them, those after which a publication arrived."""
    unsure: int = 0
    """Up to here, entries of this epoch may turn out otherwise when their workflow task is repeated."""

    @property
    def end(self) -> int:
        """Entries of this epoch, confirmed or not."""
        return self.base + len(self.entries)

    @property
    def speaks_after_history(self) -> bool:
        """Whether what is published now must be in history first.

        A transcript is no signal, nor is the end of audio: in a repeated workflow task, signals that came
        meanwhile go before it.
        """
        return self.base < self.unsure

    def added(self, event: Event, state: SessionState, now: datetime) -> "Outbox":
        """With `event`, which led to `state`."""
        if isinstance(event, CommandTaken) and event.write_id:
            writes = (*self.writes, event.write_id)[-REMEMBERED_WRITES:]
            return self.model_copy(update={"writes": writes})
        if isinstance(event, StoreDoubted):
            return self.doubted()
        if isinstance(event, SpeechUnannounced):
            return self._without_announcements(event.sentence_index)
        if isinstance(event, RecordingTranscribed):
            return self.model_copy(update={"unsure": self.end + 1})
        if event.private:
            return self
        counts = {**self.counts, event.type: self.counts.get(event.type, 0) + 1}
        name = _name(event, counts[event.type])
        if name in self.said_ahead:
            return self.model_copy(
                update={"counts": counts, "said": self.said + 1, "said_ahead": self.said_ahead - {name}}
            )
        entry = LogEntry(name=name, event=_published(event, state, now))
        if isinstance(event, EpochStarted):
            return self._emptied(entry, state.epoch, counts)
        update: dict[str, Any] = {"epoch": state.epoch, "entries": (*self.entries, entry), "counts": counts}
        if _may_turn_out_otherwise(event):
            update["unsure"] = self.end + 1
        if isinstance(event, MessageTruncated):
            update |= self._altering(event, state)
        if isinstance(event, MessageRejected):
            rejected = Rejected(message_id=event.message_id, reason=event.reason)
            update["rejected"] = (*self.rejected, rejected)[-REMEMBERED_REFUSALS:]
        return self.model_copy(update=update)

    def has_news_after(self, riding: Publication | None) -> bool:
        """Whether there is anything that `riding`, already on its way, does not hold."""
        if riding is None or riding.epoch != self.epoch:
            return bool(self.entries or self.writes or self.doubts > self.dispelled)
        if self.doubts > max(self.dispelled, riding.dispels):
            return True
        return self.end > max(riding.end, self.base) or not set(self.writes) <= set(riding.writes)

    def publication(
        self, state: SessionState, now: datetime, *, closing: bool = False, trim: bool = False
    ) -> Publication:
        """Everything unconfirmed."""
        fields = session_view(state, now).fields() | self._own_fields()
        start = state.transcript.start_of(self.messages)
        return Publication(
            session_id=state.session_id,
            tenant=state.tenant,
            epoch=state.epoch,
            base=self.base,
            settled=self.settled,
            said=self.said,
            entries=self.entries,
            revision=state.revision,
            as_of=now,
            session={name: value for name, value in fields.items() if self._is_news(name, value)},
            messages_from=start,
            messages=state.transcript.since(start),
            writes=self.writes,
            running=_running_step(state),
            closing=closing,
            trim=trim,
            dispels=self.doubts,
            checking=self.doubts > self.dispelled,
        )

    def taking_back(self, now: datetime) -> tuple[Event, ...]:
        """What precedes a new epoch: perhaps nobody was told what is announced here, if anything is."""
        told = [one.announces for one in self.entries if one.announces is not None]
        return (SpeechUnannounced(at=now, sentence_index=min(told)),) if told else ()

    def _without_announcements(self, first: int) -> "Outbox":
        entries = tuple(one for one in self.entries if one.announces is None or one.announces < first)
        unsure = min(self.unsure, self.base + len(entries))
        return self.model_copy(update={"entries": entries, "unsure": unsure})

    def with_last_word_in(self, epoch: int | None) -> "Outbox":
        """After a step is known to have said its last word in the log of `epoch`, if it did."""
        return self.model_copy(update={"settled": self.settled + 1}) if epoch == self.epoch else self

    def confirmed(self, publication: Publication) -> "Outbox":
        """After `publication` is known to be in the store; what went to another epoch's log went nowhere."""
        if publication.epoch != self.epoch:
            return self
        told = max(publication.end - self.base, 0)
        update: dict[str, Any] = {
            "base": self.base + told,
            "entries": self.entries[told:],
            "writes": tuple(write for write in self.writes if write not in publication.writes),
            "messages": self._messages_known_after(publication),
            "dispelled": max(self.dispelled, publication.dispels),
        }
        known = self.model_copy(update=update | self._now_knowing(publication))
        return known.doubted() if self._has_overtaken(publication) else known

    def _has_overtaken(self, arrived: Publication) -> bool:
        """Whether `arrived` begins an epoch of which more was told: perhaps again, in an emptied store."""
        begins = arrived.base + arrived.settled + arrived.said == 0
        return begins and (self.base > arrived.end or self.settled + self.said > 0)

    def next_name(self, event: Event) -> str:
        """What `event` will be called if it is the next of its type."""
        return _name(event, self.counts.get(event.type, 0) + 1)

    def knowing(self, said: Publication) -> "Outbox":
        """After `said` is known to be in the store, which a step said for the workflow."""
        if said.epoch != self.epoch:
            return self
        return self.model_copy(
            update={
                "said_ahead": frozenset(entry.name for entry in said.entries),
                "messages": self._messages_known_after(said),
                **self._now_knowing(said),
            }
        )

    def _altering(self, cut: MessageTruncated, state: SessionState) -> dict[str, Any]:
        index = state.transcript.index_of(cut.message_id)
        if index is None:
            return {}
        return {
            "messages": min(self.messages, index),
            "altered_from": min(self.altered_from, index) if self._has_unconfirmed_cuts else index,
            "altered_at": state.revision,
        }

    @property
    def _has_unconfirmed_cuts(self) -> bool:
        return self.altered_at > self.revision

    def _messages_known_after(self, publication: Publication) -> int:
        told = max(self.messages, publication.messages_from + len(publication.messages))
        return min(told, self.altered_from) if publication.revision < self.altered_at else told

    def _now_knowing(self, publication: Publication) -> dict[str, Any]:
        """What changes of the fields that the store is known to hold."""
        if publication.revision <= self.revision:
            return {}
        fields = {**self.session, **publication.session}
        return {"session": fields, "revision": publication.revision}

    def doubted(self) -> "Outbox":
        """The next publication, which is soon, finds out what the store holds."""
        return self.doubting_store().model_copy(update={"doubts": self.doubts + 1})

    def doubting_store(self) -> "Outbox":
        """Take nothing that the store holds beside the log for granted: the next publication tells all."""
        return self.model_copy(update={"session": {}, "revision": -1, "messages": 0})

    def _emptied(self, reset: LogEntry, epoch: int, counts: dict[str, int]) -> "Outbox":
        """For a new epoch: its first publication tells everything that is; what was said is told again."""
        last_word = (entry for entry in self.entries if entry.event["type"] == _LAST_WORD)
        return Outbox(
            epoch=epoch,
            entries=(reset, *last_word),
            rejected=self.rejected,
            counts=counts,
            writes=self.writes,
            doubts=self.doubts,
            dispelled=self.doubts,
            unsure=int(self.speaks_after_history),
        )

    def _own_fields(self) -> dict[str, Any]:
        """What the store keeps beside the session object, for resets."""
        return {REJECTED: [one.model_dump(mode="json") for one in self.rejected]} if self.rejected else {}

    def _is_news(self, name: str, value: object) -> bool:
        if name in _FLEETING or (name in _CHANGED_BY_CLIENTS and self._has_unconfirmed_changes):
            return True
        return name not in self.session or self.session[name] != value

    @property
    def _has_unconfirmed_changes(self) -> bool:
        return any(entry.event["type"] == _CHANGE for entry in self.entries)


def _may_turn_out_otherwise(event: Event) -> bool:
    """Whether `event` depends on what players say; that somebody begins to be heard waits for nobody."""
    if isinstance(event, VoiceStateChanged):
        return event.new is not VoiceState.SPEAKING
    return isinstance(event, Interruption | MessageTruncated)


def _name(event: Event, number: int) -> str:
    """What `event` is called, however often a workflow task is repeated; `number` counts its type."""
    match event:
        case TurnStarted():
            return f"{event.type}#{event.turn}"
        case TurnRetrying():
            return f"{event.type}#{event.turn}.{event.step}.{event.attempt}"
        case TurnCompleted() | TurnStopped() | TurnFailed():
            return f"turn.ended#{event.turn}"
        case MessageWithdrawn():
            return f"{event.type}#{event.number}"
        case SpeechReady() | SpeechSkipped():
            return f"speech#{event.sentence_index}"
        case VoiceStateChanged():
            return f"{event.type}#{number}.{event.old}.{event.new}"
        case Interruption():
            return f"{event.type}#{number}.{event.turn}.{event.heard_ms}"
        case MessageTruncated():
            return f"{event.type}#{event.message_id}.{len(event.text)}"
        case SessionEndingSoon() if event.ends_at is not None:
            return f"{event.type}#{number}.{event.reason}.{unix_milliseconds(event.ends_at)}"
        case _:
            return f"{event.type}#{number}"


def _running_step(state: SessionState) -> str | None:
    turn = state.turn
    if turn is None or turn.status not in {StepStatus.RUNNING, StepStatus.SETTLING}:
        return None
    return step_name(turn.number, turn.step)


def _published(event: Event, state: SessionState, now: datetime) -> dict[str, Any]:
    published = event.published(state.session_id)
    return published | {"session": session_view(state, now).fields()} if event.shows_session else published
