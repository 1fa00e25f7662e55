"""A made-up session as it would be recorded if all went well, for tests that then spoil it.

Owns what a clean record looks like. Must not check anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.chaos.checker import Story
from tests.chaos.records import Arrival, Happened, Settled, Try
from tests.chaos.words import answer_to, asking_for

SESSION: Final = "one"
EPOCH: Final = 7
VIEWERS: Final = ("live", "late")


@dataclass(frozen=True)
class Said:
    """A message, and what became of its answer: `shown` words of `words`."""

    name: str
    words: int
    shown: int
    status: str = "complete"
    batch: int = 3
    """Words in a delta."""
    delivery: str = "queue"

    @property
    def message_id(self) -> str:
        return f"t-{self.name}"

    @property
    def content(self) -> str:
        return asking_for(self.words, self.name)

    @property
    def answer(self) -> str:
        return " ".join(answer_to(self.content).split(" ")[: self.shown])


@dataclass
class Scene:
    """A session in which each of `said` had a turn of its own; `closed` ends it."""

    said: Sequence[Said]
    closed: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tell("session.started", session=self._session("idle"))
        for number, said in enumerate(self.said, 1):
            self._turn(number, said)
        if self.closed:
            self._tell("session.status_changed", old="idle", new="closed")
            self._tell("session.ended", reason="user_ended", summary={})

    def _tell(self, kind: str, **fields: Any) -> None:
        cursor = f"{EPOCH}-{len(self.events) + 1}"
        self.events.append({"type": kind, "session_id": SESSION, "cursor": cursor, **fields})

    def _turn(self, turn: int, said: Said) -> None:
        accepted = {"delivery": said.delivery, "position": 0, "agent": "a", "content": said.content}
        self._tell("message.accepted", message_id=said.message_id, **accepted)
        self._tell("turn.started", turn=turn, agent="a", message_ids=[said.message_id])
        self._tell("session.status_changed", old="idle", new="active")
        about = {"turn": turn, "message_id": f"a-{turn}.1"}
        for piece, offset in pieces(said.answer, said.batch):
            self._tell("message.delta", offset=offset, text=piece, **about)
        if said.answer:
            self._tell("message.completed", text=said.answer, status=said.status, **about)
        end = {"complete": "completed"}.get(said.status, said.status)
        self._tell(f"turn.{end}", turn=turn)
        self._tell("session.status_changed", old="active", new="idle")

    def _session(self, status: str) -> dict[str, Any]:
        return {
            "session_id": SESSION, "session_key": "SESSION-001", "status": status, "turn": None, "queued": 0,
            "queue": [], "title": None, "cursor": f"{EPOCH}-{len(self.events)}",
            "end_reason": "user_ended" if status == "closed" else None,
        }  # fmt: skip

    def transcript(self) -> list[dict[str, Any]]:
        """As the API would give it."""
        found = []
        for turn, said in enumerate(self.said, 1):
            one = {"role": "user", "message_id": said.message_id, "content": said.content}
            found.append({**one, "status": "complete", "turn": turn})
            if said.answer:
                one = {"role": "assistant", "message_id": f"a-{turn}.1", "content": said.answer}
                found.append({**one, "status": said.status, "turn": turn})
        return found

    def reset(self, at: int) -> dict[str, Any]:
        """What a viewer gets who begins anew at event `at`, between two turns."""
        done = sum(event["type"] == "turn.started" for event in self.events[:at])
        messages = [message for message in self.transcript() if message["turn"] <= done]
        cursor = self.events[at - 1]["cursor"]
        about = {"session": self._session("idle"), "messages": messages, "partial": None, "rejected": []}
        return {"type": "reset", "session_id": SESSION, "cursor": cursor, **about}

    def story(self, **changes: Any) -> Story:
        """All of it, seen by all viewers; `changes` to what is settled."""
        settled = Settled(
            session_id=SESSION,
            session=self._session("closed" if self.closed else "idle"),
            transcript=self.transcript(),
            listed=1,
            signalled=[said.message_id for said in self.said],
            turns_called=list(range(1, len(self.said) + 1)),
            replay_failure="",
        )
        arrivals = [arrival for viewer in VIEWERS for arrival in seen_by(viewer, self.events)]
        return Story(replace(settled, **changes), self._tries(), arrivals, [])

    def _tries(self) -> list[Try]:
        return [
            start(f"key {self.said[0].message_id}" if self.said else "key", SESSION, self.said),
            *(sending(said, float(at)) for at, said in enumerate(self.said, 1)),
        ]


def pieces(text: str, words: int) -> list[tuple[str, int]]:
    """`text` in pieces of so many words, each with its offset."""
    found, offset = [], 0
    parts = [part if index == 0 else f" {part}" for index, part in enumerate(text.split(" "))]
    for index in range(0, len(parts) if text else 0, words):
        piece = "".join(parts[index : index + words])
        found.append((piece, offset))
        offset += len(piece)
    return found


def seen_by(viewer: str, events: Sequence[dict[str, Any]]) -> list[Arrival]:
    """The arrivals of a viewer who got these events, a tenth of a second apart."""
    return [Arrival(SESSION, viewer, 1, 1 + number / 10, event) for number, event in enumerate(events)]


def start(about: str, session_id: str, said: Sequence[Said] = ()) -> Try:
    """A session is started."""
    content = said[0].content if said else ""
    answer = {"session_id": session_id, "session_key": "SESSION-001"}
    return Try("", "start", about, content, 0.0, 0.1, 201, "", answer)


def sending(said: Said, at: float, status: int = 202) -> Try:
    """A message is sent and answered."""
    return Try(SESSION, "message", said.message_id, said.content, at, at + 0.1, status, "", {})


def loss(at: float) -> Happened:
    """The store loses everything."""
    return Happened("empty-store", "store", at, at)
