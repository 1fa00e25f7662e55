"""What the workflow tells the store: events for the log, the session object, the transcript.

Owns the shape; what one does to the store is `activities.store`'s.
"""

from typing import Any, Final

from workflows.contract.base import Timestamp, Value
from workflows.contract.errors import ErrorCode
from workflows.contract.session import TranscriptMessage

ANNOUNCEMENTS: Final = frozenset({"speech.ready", "speech.skipped"})


def step_name(turn: int, step: int) -> str:
    """What a step is called where it writes."""
    return f"{turn}.{step}"


class LogEntry(Value):
    """One event on its way to the log. `name` is unique in the session."""

    name: str
    event: dict[str, Any]

    @property
    def announces(self) -> int | None:
        """The index of the sentence that was spoken or skipped, if that is what it says."""
        index: int | None = self.event["sentence_index"] if self.event["type"] in ANNOUNCEMENTS else None
        return index


class Rejected(Value):
    """A message that the session did not take, and why."""

    message_id: str
    reason: ErrorCode


REJECTED: Final = "_rejected"
"""Beside the session object's fields: the messages that a `reset` says were rejected."""


class Publication(Value):
    """What the workflow has to tell the store; repeating one changes nothing.

    `base` counts the entries that the workflow knows to be in the log of this `epoch`: a publication with a
    smaller base than one the store has seen is an echo and publishes nothing. `entries` follow it. `session`
    holds the changed fields of the session object as of `revision`. `messages` continues the transcript at
    index `messages_from`.
    """

    session_id: str
    tenant: str
    epoch: int
    base: int
    settled: int = 0
    """Steps whose last word the workflow knows to be in the log of this epoch."""
    said: int = 0
    """Entries that steps said for the workflow, and that it knows of; `base` does not count them."""
    entries: tuple[LogEntry, ...] = ()
    revision: int
    as_of: Timestamp | None = None
    """When the session object was as it is told."""
    session: dict[str, Any] = {}
    messages_from: int = 0
    messages: tuple[TranscriptMessage, ...] = ()
    writes: tuple[str, ...] = ()
    """Requests that have taken effect."""
    running: str | None = None
    """The step that runs, by `step_name`: only that one may go on writing in a new epoch."""
    closing: bool = False
    """Whether the session is about to end: what is sent from now on may come too late."""
    trim: bool = False
    """Whether older turns may leave the log."""

    dispels: int = 0
    """Doubts in the store that its arrival dispels."""
    checking: bool = False
    """Whether there are such: then an echo says, too, that the store is not what it is taken for."""
    run: str = ""
    """The workflow run that speaks."""
    continued: str = ""
    """The run that this one continues: any other that spoke before is one that an operator turned back."""

    def spoken_by(self, run: str, continued: str | None) -> "Publication":
        """This publication, out of the mouth of workflow run `run`."""
        return self.model_copy(update={"run": run, "continued": continued or ""})

    def announcement_of(self, sentence_index: int) -> LogEntry | None:
        """The entry that says where a sentence can be heard, if there is one."""
        return next((entry for entry in self.entries if entry.announces == sentence_index), None)

    @property
    def end(self) -> int:
        """Entries that are in the log once this is published."""
        return self.base + len(self.entries)
