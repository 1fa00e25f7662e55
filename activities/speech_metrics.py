"""How sentences become audio, counted; the rules are those of `metrics`.

Owns the names and the meaning of everything that is counted of speech.
"""

from typing import Final, Literal, get_args

from prometheus_client import Counter, Histogram

from workflows.contract.errors import FailureKind

_SECONDS: Final = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)
_FACTORS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 5, 10)

Spoken = Literal["synthesized", "reused", "unspeakable"]

SENTENCES: Final = Counter(
    "perdure_speech_sentences",
    "Sentences that were dealt with; reused: its audio was there; unspeakable: there was nothing to say.",
    ["outcome"],
)
FAILURES: Final = Counter(
    "perdure_speech_failures", "Attempts to speak a sentence that failed, by why.", ["kind"]
)
SKIPPED: Final = Counter(
    "perdure_speech_skipped", "Sentences that were given up, so that viewers hear the next, by why.", ["kind"]
)
FIRST_AUDIO: Final = Histogram(
    "perdure_speech_first_audio_seconds",
    "From asking the provider for a sentence to the first bytes of its audio.",
    buckets=_SECONDS,
)
SYNTHESIS: Final = Histogram(
    "perdure_speech_synthesis_seconds",
    "From asking the provider for a sentence to the last bytes of its audio.",
    buckets=_SECONDS,
)
REAL_TIME_FACTOR: Final = Histogram(
    "perdure_speech_real_time_ratio",
    "How long a sentence took to synthesize, as a part of how long it takes to hear; above 1 voices stutter.",
    buckets=_FACTORS,
)


def _begin_at_zero() -> None:
    for outcome in get_args(Spoken):
        SENTENCES.labels(outcome)


_begin_at_zero()


def spoke(outcome: Spoken) -> None:
    """An attempt to speak a sentence has succeeded."""
    SENTENCES.labels(outcome).inc()


def synthesized(*, first_audio: float, whole: float, audio: float) -> None:
    """A provider took so many seconds until its first and its last bytes, for so many seconds of audio."""
    spoke("synthesized")
    FIRST_AUDIO.observe(first_audio)
    SYNTHESIS.observe(whole)
    REAL_TIME_FACTOR.observe(whole / audio)


def failed(kind: FailureKind) -> None:
    """An attempt to speak a sentence has failed."""
    FAILURES.labels(kind).inc()


def skipped(reason: str) -> None:
    """A sentence was given up; `reason` is a word of a closed vocabulary."""
    SKIPPED.labels(reason).inc()
