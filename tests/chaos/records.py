"""What happened in a run, as it was seen from outside: plain values that can be written down and read again.

Owns their shape and the folder they are kept in, one JSON object a line. Must not judge them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

Seconds = float
"""On the clock of the run, which all records share."""


@dataclass(frozen=True)
class Run:
    """What was asked for."""

    seed: int
    seconds: float


@dataclass(frozen=True)
class Try:
    """One request of a client, and what came back; a wish may take several."""

    session_id: str
    """Empty where none is known yet."""
    verb: str
    """start · message · withdraw · stop · pause · resume · title · close"""
    about: str
    """Idempotency-Key, message id or title."""
    content: str
    asked_at: Seconds
    answered_at: Seconds
    status: int
    """0: no answer."""
    code: str
    answer: dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """One event at one viewer."""

    session_id: str
    viewer: str
    connection: int
    at: Seconds
    event: dict[str, Any]


@dataclass(frozen=True)
class Happened:
    """One fault, as it was carried out."""

    kind: str
    target: str
    began: Seconds
    ended: Seconds


@dataclass(frozen=True)
class Settled:
    """A session when everything was over: what the API says, and what the engine knows."""

    session_id: str
    session: dict[str, Any]
    transcript: list[dict[str, Any]]
    listed: int
    """How often it is in the list of sessions."""
    signalled: list[str]
    """Ids of the messages that its histories hold."""
    turns_called: list[int]
    """Turns that called the model, by its histories."""
    replay_failure: str
    """Empty when all its histories replay."""


@dataclass(frozen=True)
class Totals:
    """Counts that no client sees."""

    generations: int
    """That the provider began."""
    fenced: int
    """Attempts that were refused by the log, by the workers' own logs."""


Record = Run | Try | Arrival | Happened | Settled | Totals
_R = TypeVar("_R", Run, Try, Arrival, Happened, Settled, Totals)


class Book:
    """Writes records into a folder; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[str]] = {}
        (folder / "arrivals").mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def note(self, record: Record) -> None:
        """Write `record` down."""
        name = _file_of(type(record), getattr(record, "session_id", ""))
        if name not in self._files:
            self._files[name] = (self._folder / name).open("a", encoding="utf-8")
        self._files[name].write(json.dumps(asdict(record), ensure_ascii=False) + "\n")


class Records:
    """Reads the records in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, kind: type[_R], session_id: str = "") -> Iterator[_R]:
        """Every record of a kind, in the order of writing; arrivals of one session."""
        path = self._folder / _file_of(kind, session_id)
        if not path.exists():
            return
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield kind(**json.loads(line))


def _file_of(kind: type[Record], session_id: str) -> str:
    return f"arrivals/{session_id}.jsonl" if kind is Arrival else f"{kind.__name__.lower()}.jsonl"
