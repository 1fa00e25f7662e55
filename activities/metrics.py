"""What sessions cost and how they fare, counted.

Owns the names and the meaning of everything that is counted beside the store and the provider. Counts live as
long as their process. Labels are words of closed vocabularies, never an id: a million sessions make no more
series than one. Must not be called from workflow code, which is replayed, nor once a token.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, Literal, get_args

from prometheus_client import Counter, Gauge, Histogram
from temporalio.exceptions import ApplicationError

from activities import speech_metrics
from workflows.contract.errors import STEP_FAILED, StoreFault
from workflows.contract.events import (
    MessageAccepted,
    MessageRejected,
    SpeechSkipped,
    TurnCompleted,
    TurnFailed,
    TurnRetrying,
    TurnStopped,
    TurnSuperseded,
)
from workflows.contract.profile import CallMode
from workflows.contract.session import Usage

UNAVAILABLE: Final = "unavailable"
UNKNOWN: Final = "unknown"
CRASH: Final = "crash"
_WRITE_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_QUEUE_LENGTHS: Final = (0, 1, 2, 5, 10, 20, 50, 100)

Orphaned = Literal["superseded", "forgotten", "given_up", "lost"]
WriteKind = Literal["begin", "append", "publish"]

TURNS: Final = Counter(
    "perdure_turns", "Turns whose end was told to viewers, by how they ended.", ["outcome"]
)
TOKENS: Final = Counter(
    "perdure_tokens",
    "Tokens of the turns that ended, as the provider counted them; cached ones are input ones, too.",
    ["kind"],
)
RETRIES: Final = Counter(
    "perdure_retries",
    "Model steps tried again, by why: the provider's failure, or crash: an attempt ended without a word.",
    ["kind"],
)
QUEUE_LENGTH: Final = Histogram(
    "perdure_queue_length_messages",
    "Messages that wait in a session, looked at when one more is accepted; 0: it started a turn at once.",
    buckets=_QUEUE_LENGTHS,
)
REJECTED: Final = Counter(
    "perdure_messages_rejected",
    "Messages that were taken but that their session refused, by the error code.",
    ["kind"],
)
STEPS: Final = Counter(
    "perdure_steps",
    "Attempts of model steps, by how they ended; repeated: an earlier attempt had left the result.",
    ["mode", "outcome"],
)
STEPS_RUNNING: Final = Gauge("perdure_steps_running", "Attempts of model steps that run in this process now.")
WRITE_SECONDS: Final = Histogram(
    "perdure_log_write_seconds",
    "From sending a write to the event log to its answer; append is what streams text.",
    ["kind"],
    buckets=_WRITE_SECONDS,
)
WRITES: Final = Counter(
    "perdure_log_writes",
    "Writes to the event log, by what became of them; fenced: another attempt had taken over.",
    ["kind", "outcome"],
)
SUPERSEDED: Final = Counter(
    "perdure_superseded_answers", "Answers that viewers were shown a part of, and then told to forget."
)
ORPHANED: Final = Counter(
    "perdure_orphaned_generations",
    "Generations that were begun, so paid, and whose rest no viewer will see, by why.",
    ["kind"],
)

_ENDS: Final = {kind.model_fields["type"].default: kind for kind in (TurnCompleted, TurnStopped, TurnFailed)}
_RETRYING: Final[str] = TurnRetrying.model_fields["type"].default
_ACCEPTED: Final[str] = MessageAccepted.model_fields["type"].default
_REJECTED: Final[str] = MessageRejected.model_fields["type"].default
_SKIPPED: Final[str] = SpeechSkipped.model_fields["type"].default
_SUPERSEDED: Final[str] = TurnSuperseded.model_fields["type"].default


def _begin_at_zero() -> None:
    """What is known to be worth watching: of a series that begins with 1, nobody sees the first."""
    for end in _ENDS:
        TURNS.labels(end.removeprefix("turn."))
    for tokens in Usage.model_fields:
        TOKENS.labels(tokens.removesuffix("_tokens"))
    for why in get_args(Orphaned):
        ORPHANED.labels(why)
    for kind in get_args(WriteKind):
        for outcome in ("ok", "fenced", "lost", "inaudible", UNAVAILABLE):
            WRITES.labels(kind, outcome)
    RETRIES.labels(CRASH)


_begin_at_zero()


def told(kind: str, event: Mapping[str, Any]) -> None:
    """An event of a workflow has arrived in the log, for the first time. Never fails: it has been written."""
    if kind in _ENDS:
        TURNS.labels(kind.removeprefix("turn.")).inc()
        for tokens, count in event.get("usage", {}).items():
            TOKENS.labels(tokens.removesuffix("_tokens")).inc(count)
    elif kind == _RETRYING:
        RETRIES.labels(event.get("reason", UNKNOWN)).inc()
    elif kind == _ACCEPTED:
        QUEUE_LENGTH.observe(event.get("position", 0))
    elif kind == _REJECTED:
        REJECTED.labels(event.get("reason", UNKNOWN)).inc()
    elif kind == _SKIPPED:
        speech_metrics.skipped(event.get("reason", UNKNOWN))


def streamed(kinds: Iterable[str]) -> None:
    """A step's events of these types have arrived in the log, for the first time."""
    for kind in kinds:
        if kind == _SUPERSEDED:
            SUPERSEDED.inc()


def wrote(kind: WriteKind, outcome: str, seconds: float) -> None:
    """The store has answered a write."""
    count, time = _of_write(kind, outcome)
    count.inc()
    time.observe(seconds)


@cache
def _of_write(kind: WriteKind, outcome: str) -> tuple[Counter, Histogram]:
    """The series of a write: finding them costs more than counting."""
    return WRITES.labels(kind, outcome), WRITE_SECONDS.labels(kind)


def wrote_in_vain(kind: WriteKind) -> None:
    """The store has not answered a write."""
    WRITES.labels(kind, UNAVAILABLE).inc()


def orphaned(kind: Orphaned) -> None:
    """A generation that the provider has begun is not listened to any more."""
    ORPHANED.labels(kind).inc()


class StepCount:
    """One attempt of a model step; `outcome` is how it ended, if by a result."""

    def __init__(self) -> None:
        self.outcome = "error"


@contextmanager
def counted_step(mode: CallMode, attempt: int) -> Iterator[StepCount]:
    """Count an attempt, the `attempt`th of its activity, however it ends."""
    if attempt > 1:
        RETRIES.labels(CRASH).inc()
    count = StepCount()
    try:
        with STEPS_RUNNING.track_inprogress():
            yield count
    except BaseException as error:
        STEPS.labels(mode, _ended_by(error)).inc()
        raise
    STEPS.labels(mode, count.outcome).inc()


_BY_TYPE: Final = {
    STEP_FAILED: "failed",
    StoreFault.EPOCH_LOST: "lost",
    StoreFault.AUDIO_LOST: "lost",
    StoreFault.TRANSCRIPT_MISSING: "lost",
    "fenced": "fenced",
}


def _ended_by(error: BaseException) -> str:
    if isinstance(error, ApplicationError):
        return _BY_TYPE.get(error.type or "", "error")
    return "error" if isinstance(error, Exception) else "cancelled"
