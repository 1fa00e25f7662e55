"""A session told step by step: what is said to it, what the model does, how time passes.

Owns words for tests that read like a specification; the store is there, and every publication arrives.
"""

from datetime import timedelta
from typing import Any

from tests.state.builders import NOON, born, complete, kept, message, recording, update
from tests.state.shell import Happenings, Shell, StepEnd
from workflows.contract.commands import (
    Close,
    Command,
    Pause,
    Resume,
    StopTurn,
    WithdrawMessage,
)
from workflows.contract.errors import FailureKind
from workflows.contract.profile import Profile
from workflows.contract.session import Delivery, EndReason, Status
from workflows.contract.start import RetrySchedule
from workflows.contract.transcription import Transcript
from workflows.state.steps import CallModel, SettleAnswer
from workflows.state.turn import Turn


class Story:
    """One session and everything that its log shows."""

    def __init__(
        self,
        limits: dict[str, Any] | None = None,
        *,
        of: Profile | None = None,
        retries: RetrySchedule | None = None,
        **more: Any,
    ) -> None:
        self.shell = Shell(born(limits, of=of, retries=retries, **more), NOON)

    # ---- what is said --------------------------------------------------------------------------------

    def hears(self, *commands: Command) -> "Story":
        return self._task(Happenings(commands=commands))

    def says(self, *message_ids: str, **more: Any) -> "Story":
        return self.hears(*(message(message_id, **more) for message_id in message_ids))

    def queues(self, *message_ids: str) -> "Story":
        return self.says(*message_ids, delivery=Delivery.QUEUE)

    def interrupts(self, *message_ids: str) -> "Story":
        return self.says(*message_ids, delivery=Delivery.INTERRUPT)

    def withdraws(self, message_id: str) -> "Story":
        return self.hears(WithdrawMessage(message_id=message_id))

    def stops(self, turn: int | None = None) -> "Story":
        return self.hears(StopTurn(turn=turn))

    def pauses(self) -> "Story":
        return self.hears(Pause())

    def resumes(self) -> "Story":
        return self.hears(Resume())

    def closes(self, reason: EndReason = EndReason.USER_ENDED) -> "Story":
        return self.hears(Close(reason=reason))

    def changes(self, **changes: Any) -> "Story":
        return self.hears(update(**changes))

    # ---- what the model does -------------------------------------------------------------------------

    def answers(self, text: str = "Hello.", **more: Any) -> "Story":
        return self.step_ends(complete(text, **more))

    def keeps(self, text: str = "Hel", outcome: str = "stopped") -> "Story":
        return self.step_ends(kept(text, outcome))

    def step_ends(self, end: StepEnd) -> "Story":
        assert self.shell.attempt is not None, "no step is running"
        return self._task(Happenings(step_end=end))

    # ---- what is heard -------------------------------------------------------------------------------

    def records(self, *message_ids: str, **more: Any) -> "Story":
        return self.hears(*(recording(message_id, **more) for message_id in message_ids))

    def hears_say(self, text: str = "It rains.") -> "Story":
        """The recording that is being transcribed says `text`."""
        return self._transcription_ends(Transcript(text=text))

    def cannot_hear(self) -> "Story":
        return self._transcription_ends(Transcript(failure=FailureKind.AUTHENTICATION))

    def _transcription_ends(self, transcript: Transcript) -> "Story":
        assert self.shell.transcribing is not None, "nothing is being transcribed"
        return self._task(Happenings(transcript=transcript))

    # ---- how time passes -----------------------------------------------------------------------------

    def passes(self, seconds: float) -> "Story":
        """Let time pass, with a workflow task at each deadline."""
        end = self.shell.now + timedelta(seconds=seconds)
        while self.shell.deadline is not None and self.shell.deadline.at <= end:
            assert self.shell.deadline.at >= self.shell.now
            self.shell.now = self.shell.deadline.at
            self._task(Happenings())
        self.shell.now = end
        return self

    def _task(self, happenings: Happenings) -> "Story":
        self.shell.task(happenings)
        while self.shell.flight is not None:
            self.shell.task(Happenings(publication="arrived"))
        return self

    # ---- what can be seen ----------------------------------------------------------------------------

    @property
    def log(self) -> list[dict[str, Any]]:
        return [entry.event for entry in self.shell.store.log]

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.log]

    def seen(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [e for e in self.log if e["type"] == kind and fields.items() <= e.items()]

    def last(self, kind: str) -> dict[str, Any]:
        return self.seen(kind)[-1]

    @property
    def turns(self) -> list[tuple[str, ...]]:
        """The messages of every turn that started."""
        return [tuple(event["message_ids"]) for event in self.seen("turn.started")]

    @property
    def waiting(self) -> tuple[str, ...]:
        return tuple(m.message_id for m in self.shell.state.queue.waiting)

    @property
    def turn(self) -> Turn:
        assert self.shell.state.turn is not None, "no turn is running"
        return self.shell.state.turn

    @property
    def running(self) -> CallModel | SettleAnswer:
        assert self.shell.attempt is not None, "no step is running"
        return self.shell.attempt.step

    @property
    def cancelled(self) -> bool:
        return self.shell.attempt is not None and self.shell.attempt.cancelled

    @property
    def status(self) -> Status:
        return self.shell.state.status

    @property
    def ended(self) -> str | None:
        """The reason of `session.ended`, which is the last of the log."""
        found = self.seen("session.ended")
        assert len(found) <= 1
        assert not found or self.log[-1] is found[0]
        return found[0]["reason"] if found else None
