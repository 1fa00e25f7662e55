"""How recordings become text, counted; the rules are those of `metrics`.

Owns the names and the meaning of everything that is counted of transcription.
"""

from typing import Final

from prometheus_client import Counter, Histogram

from workflows.contract.errors import FailureKind

_SECONDS: Final = (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 120)

RECORDINGS: Final = Counter(
    "perdure_transcriptions", "Recordings that were transcribed; silent: nothing was said.", ["outcome"]
)
FAILURES: Final = Counter(
    "perdure_transcription_failures", "Attempts to transcribe a recording that failed, by why.", ["kind"]
)
TRANSCRIPTION: Final = Histogram(
    "perdure_transcription_seconds",
    "From asking the provider what a recording says to its answer.",
    buckets=_SECONDS,
)

for _outcome in ("transcribed", "silent"):
    RECORDINGS.labels(_outcome)


def transcribed(seconds: float, *, said_something: bool) -> None:
    """An attempt to transcribe a recording has succeeded."""
    RECORDINGS.labels("transcribed" if said_something else "silent").inc()
    TRANSCRIPTION.observe(seconds)


def failed(kind: FailureKind) -> None:
    """An attempt to transcribe a recording has failed."""
    FAILURES.labels(kind).inc()
