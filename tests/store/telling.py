"""A workflow's side of the event log, reduced to what it tells.

Owns counting, naming and confirming as the workflow's outbox does it, for tests that need no session; must
not decide what is told.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from activities.store.event_log import Batch, Entry
from workflows.contract.publication import LogEntry, Publication
from workflows.contract.session import TranscriptMessage

TENANT: Final = "acme"
NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Telling:
    """What a workflow has told, and what it knows to be in the store. Every change gives a new one."""

    session_id: str
    epoch: int = 1
    running: str | None = None
    """The step that runs."""
    base: int = 0
    settled: int = 0
    said: int = 0
    entries: tuple[LogEntry, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    revision: int = 0
    messages: tuple[TranscriptMessage, ...] = ()
    known_messages: int = 0
    writes: tuple[str, ...] = ()
    session: dict[str, Any] = field(default_factory=dict)

    def tell(self, *kinds: str, **fields: Any) -> "Telling":
        """Record an event of each of `kinds`, with `fields`."""
        told = self
        for kind in kinds:
            count = told.counts.get(kind, 0) + 1
            event = {"type": kind, "session_id": self.session_id, "count": count, **fields}
            told = replace(
                told,
                entries=(*told.entries, LogEntry(name=f"{kind}#{count}", event=event)),
                counts={**told.counts, kind: count},
                revision=told.revision + 1,
            )
        return told

    def show(self, **session: Any) -> "Telling":
        shown = {"session_id": self.session_id, **self.session, **session}
        return replace(self, session=shown, revision=self.revision + 1)

    def say(self, content: str, **fields: Any) -> "Telling":
        """Add a message to the transcript."""
        message = TranscriptMessage(
            message_id=fields.get("message_id", f"m{len(self.messages)}"),
            role="user",
            agent="assistant",
            content=content,
            turn=fields.get("turn", 1),
            created_at=NOON,
        )
        return replace(self, messages=(*self.messages, message), revision=self.revision + 1)

    def take(self, write_id: str) -> "Telling":
        return replace(self, writes=(*self.writes, write_id), revision=self.revision + 1)

    def publication(self, *, closing: bool = False, trim: bool = False) -> Publication:
        return Publication(
            session_id=self.session_id,
            tenant=TENANT,
            epoch=self.epoch,
            base=self.base,
            settled=self.settled,
            said=self.said,
            entries=self.entries,
            revision=self.revision,
            session=self.session,
            messages_from=self.known_messages,
            messages=self.messages[self.known_messages :],
            writes=self.writes,
            running=self.running,
            closing=closing,
            trim=trim,
        )

    def confirmed(self, publication: Publication, *, settled: bool = False) -> "Telling":
        if publication.epoch != self.epoch:
            return self
        told = max(publication.end - self.base, 0)
        return replace(
            self,
            base=self.base + told,
            settled=self.settled + settled,
            entries=self.entries[told:],
            writes=tuple(write for write in self.writes if write not in publication.writes),
            known_messages=max(self.known_messages, publication.messages_from + len(publication.messages)),
        )

    def turn_end(self, riding: Publication, *kinds: str, **fields: Any) -> Publication:
        """What a step says of its turn's end that began with `riding`: events of each of `kinds`."""
        said = replace(self, base=riding.end, entries=(), revision=riding.revision).tell(*kinds, **fields)
        return replace(said, session={"status": "idle", "turn": None}, writes=()).publication(trim=True)

    def knowing(self, said: Publication) -> "Telling":
        """After a step is known to have said so."""
        kinds = [entry.event["type"] for entry in said.entries]
        counts = self.counts | {kind: self.counts.get(kind, 0) + 1 for kind in kinds}
        return replace(self, said=self.said + len(kinds), counts=counts)

    def in_new_epoch(self, epoch: int) -> "Telling":
        """After the store was found to have lost the log."""
        begun = replace(self, epoch=epoch, base=0, settled=0, said=0, entries=(), known_messages=0)
        return begun.tell("reset")


def batch(
    start: int,
    *texts: str,
    done: bytes | None = None,
    stoppable: bool = True,
    turn_end: Publication | None = None,
) -> Batch:
    """Lines of a step that need no reader; the provider's cursor is the index behind them."""
    entries = [Entry("message.delta", text.encode()) for text in texts]
    return Batch(
        start=start,
        entries=entries,
        response_id="r1",
        cursor=start + len(entries),
        done=done,
        stoppable=stoppable,
        turn_end=turn_end,
    )
