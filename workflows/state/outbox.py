"""What the workflow still has to tell the store.

An event stays here until a publication that holds it is known to be in the store; repeating one is harmless.
An event's name, not its place, is its identity: when a workflow task that already published is lost, the
next one may see more signals and record the same events in another order.
Owns that bookkeeping; must not decide when to publish.
"""

from datetime import datetime
from typing import Any

from workflows.contract.base import Value
from workflows.contract.events import CommandTaken, Event
from workflows.contract.publication import LogEntry, Publication
from workflows.state.session_state import SessionState
from workflows.state.view import session_view


class Outbox(Value):
    """Unconfirmed events and requests, and what the store is known to hold."""

    base: int = 0
    """Entries known to be in the log of this epoch."""
    entries: tuple[LogEntry, ...] = ()
    counts: dict[str, int] = {}
    """How many events of each type were ever added."""
    writes: tuple[str, ...] = ()
    session: dict[str, Any] = {}
    """Fields of the session object as the store is known to hold them."""
    revision: int = -1
    """As of when."""
    messages: int = 0
    """Transcript messages known to be in the store."""

    @property
    def end(self) -> int:
        """Entries of this epoch, confirmed or not."""
        return self.base + len(self.entries)

    def added(self, event: Event, state: SessionState, now: datetime) -> "Outbox":
        """With `event`, which led to `state`."""
        if isinstance(event, CommandTaken) and event.write_id:
            return self.model_copy(update={"writes": (*self.writes, event.write_id)})
        if event.private:
            return self
        count = self.counts.get(event.type, 0) + 1
        entry = LogEntry(name=f"{event.type}#{count}", event=_published(event, state, now))
        return self.model_copy(
            update={"entries": (*self.entries, entry), "counts": {**self.counts, event.type: count}}
        )

    def has_news_after(self, riding: Publication | None) -> bool:
        """Whether there is anything that `riding`, already on its way, does not hold."""
        if riding is None:
            return bool(self.entries or self.writes)
        return self.end > max(riding.end, self.base) or not set(self.writes) <= set(riding.writes)

    def publication(
        self, state: SessionState, now: datetime, *, closing: bool = False, trim: bool = False
    ) -> Publication:
        """Everything unconfirmed."""
        fields = session_view(state, now).fields()
        start = state.transcript.start_of(self.messages)
        return Publication(
            session_id=state.session_id,
            tenant=state.tenant,
            epoch=state.epoch,
            base=self.base,
            entries=self.entries,
            revision=state.revision,
            session={name: value for name, value in fields.items() if self._is_news(name, value)},
            messages_from=start,
            messages=state.transcript.since(start),
            writes=self.writes,
            closing=closing,
            trim=trim,
        )

    def confirmed(self, publication: Publication) -> "Outbox":
        """After `publication` is known to be in the store."""
        told = max(publication.end - self.base, 0)
        update: dict[str, Any] = {
            "base": self.base + told,
            "entries": self.entries[told:],
            "writes": tuple(write for write in self.writes if write not in publication.writes),
            "messages": max(self.messages, publication.messages_from + len(publication.messages)),
        }
        if publication.revision > self.revision:
            update |= {
                "session": {**self.session, **publication.session},
                "revision": publication.revision,
            }
        return self.model_copy(update=update)

    def doubting_store(self) -> "Outbox":
        """Take nothing that the store holds beside the log for granted: the next publication tells all."""
        return self.model_copy(update={"session": {}, "revision": -1, "messages": 0})

    def emptied(self) -> "Outbox":
        """For a new epoch: its first publication tells everything, so nothing has to be told again."""
        return Outbox(counts=self.counts, writes=self.writes)

    def _is_news(self, name: str, value: object) -> bool:
        return name not in self.session or self.session[name] != value


def _published(event: Event, state: SessionState, now: datetime) -> dict[str, Any]:
    fields = event.fields()
    published = {"type": fields.pop("type"), "session_id": state.session_id, "at": fields.pop("at"), **fields}
    return published | {"session": session_view(state, now).fields()} if event.shows_session else published
