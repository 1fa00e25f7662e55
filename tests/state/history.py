"""What must be true of everything that ever happened in a session.

Owns the invariants as one reading of the recorded events, independent of the state that is under test.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workflows.contract.events import (
    AnswerSettled,
    CommandTaken,
    EndDecided,
    EpochStarted,
    Event,
    MessageAccepted,
    MessageInjected,
    MessageRejected,
    MessageWithdrawn,
    RecordingTaken,
    RecordingTranscribed,
    SessionEnded,
    SessionEndingSoon,
    SessionPaused,
    SessionResumed,
    SessionStatusChanged,
    SessionUpdated,
    SpeechUnannounced,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from workflows.contract.profile import Limits
from workflows.contract.session import EndReason, Status, Usage

CLOCKS = {EndReason.IDLE_TIMEOUT, EndReason.MAX_DURATION}


@dataclass
class History:
    """A session as its events tell it."""

    started_at: datetime
    limits: Limits
    is_silent: bool = True
    """Where somebody speaks, the idle clock depends on what is heard."""
    fates: dict[str, str] = field(default_factory=dict)
    """Of every accepted message: waiting, used, withdrawn or rejected."""
    recordings: set[str] = field(default_factory=set)
    """Messages that wait to be transcribed."""
    accepted: int = 0
    turn: int | None = None
    turns: int = 0
    usage: Usage = field(default_factory=Usage)
    usage_of_turns: Usage = field(default_factory=Usage)
    status: Status = Status.IDLE
    last_activity: datetime = field(init=False)
    paused_since: datetime | None = None
    paused_for: timedelta = timedelta()
    ending: EndReason | None = None
    ended: bool = False

    def __post_init__(self) -> None:
        self.last_activity = self.started_at

    def read(self, events: Iterable[Event]) -> "History":
        for event in events:
            assert not self.ended or isinstance(event, EpochStarted | SpeechUnannounced), event.type
            self._read(event)
        return self

    def active(self, now: datetime) -> timedelta:
        return (self.paused_since or now) - self.started_at - self.paused_for

    def should_have_ended(self, now: datetime) -> bool:
        """Whether a clock has struck."""
        if self.paused_since is not None:
            return False
        idle, duration = self.limits.idle_timeout, self.limits.max_duration
        is_idle = (
            idle is not None
            and self.is_silent
            and self.turn is None
            and not self.recordings
            and now - self.last_activity >= idle
        )
        return is_idle or (duration is not None and self.active(now) >= duration)

    def _read(self, event: Event) -> None:  # noqa: C901, PLR0912  # one decision, however many words it has
        match event:
            case MessageAccepted():
                assert event.message_id not in self.fates, "accepted twice"
                self.fates[event.message_id] = "waiting"
                self.accepted += 1
            case MessageInjected():
                assert event.turn == self.turn
                self._meets(event.message_id, "used")
            case RecordingTaken():
                assert event.message_id not in self.recordings | self.fates.keys(), "taken twice"
                assert self.ending is None, "taken after the end was decided"
                self.recordings.add(event.message_id)
            case RecordingTranscribed():
                self.recordings.remove(event.message_id)
            case MessageWithdrawn() | MessageRejected() if event.message_id in self.recordings:
                self.recordings.remove(event.message_id)
            case MessageWithdrawn():
                self._meets(event.message_id, "withdrawn")
            case MessageRejected() if event.message_id in self.fates:
                assert self.ending is not None, "taken and yet rejected"
                self._meets(event.message_id, "rejected")
            case TurnStarted():
                self._start(event)
            case TurnCompleted() | TurnStopped() | TurnFailed():
                self._end(event)
            case AnswerSettled():
                assert event.turn == self.turn
                self.usage += event.usage
            case SessionStatusChanged():
                assert event.old is self.status is not event.new, "a broken chain of status changes"
                self.status = event.new
            case CommandTaken():
                self.last_activity = max(self.last_activity, event.at)
            case SessionUpdated():
                self.limits = event.limits
            case SessionPaused():
                assert self.paused_since is None
                self.paused_since = event.at
            case SessionResumed():
                # Without a pause, it is a phase that goes on.
                self.paused_for += event.at - (self.paused_since or event.at)
                self.paused_since = None
            case SessionEndingSoon() if event.reason in CLOCKS:
                assert self.paused_since is None, "a warning during a pause"
            case EndDecided():
                self._decide_end(event)
            case SessionEnded():
                self._finish(event)
            case _:
                pass

    def _meets(self, message_id: str, fate: str) -> None:
        assert self.fates[message_id] == "waiting", f"{fate}, and yet {self.fates[message_id]}"
        self.fates[message_id] = fate

    def _start(self, event: TurnStarted) -> None:
        assert self.turn is None, "two turns at once"
        assert self.ending is None, "a turn after the end was decided"
        assert self.paused_since is None, "a turn that starts during a pause"
        assert event.turn == self.turns + 1
        self.turn = self.turns = event.turn
        for message_id in event.message_ids:
            self._meets(message_id, "used")

    def _end(self, event: TurnCompleted | TurnStopped | TurnFailed) -> None:
        assert event.turn == self.turn, "the end of another turn"
        self.turn = None
        self.usage_of_turns += event.usage
        self.last_activity = max(self.last_activity, event.at)

    def _decide_end(self, event: EndDecided) -> None:
        assert self.ending is None, "ended twice"
        self.ending = event.reason

    def _finish(self, event: SessionEnded) -> None:
        assert self.turn is None, "ended with a turn running"
        assert "waiting" not in self.fates.values(), "ended with messages waiting"
        assert not self.recordings, "ended with recordings waiting"
        assert self.status is Status.CLOSED, "ended before it was closed"
        assert event.reason is self.ending
        assert event.summary.usage == self.usage == self.usage_of_turns
        assert (event.summary.turns, event.summary.messages) == (self.turns, self.accepted)
        assert event.summary.active_seconds == self.active(event.at)
        self.ended = True
