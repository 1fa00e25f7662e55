"""The sentences that are being synthesized: one activity each, beside the loop.

Owns the activities and how their ends read; which sentence is next, and which is announced, is the state's.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import options
from workflows.contract.activities import synthesize_sentence
from workflows.contract.errors import FailureKind
from workflows.contract.speech import (
    SPEECH_FAILED,
    SpeechFailure,
    SynthesizeSentenceInput,
    SynthesizeSentenceResult,
    Utterance,
)
from workflows.forgotten import let_go

_Synthesis = workflow.ActivityHandle[SynthesizeSentenceResult]


class RunningSpeech:
    """Any number of sentences."""

    def __init__(self, heartbeat_timeout: timedelta) -> None:
        self._heartbeat_timeout = heartbeat_timeout
        self._running: dict[int, _Synthesis] = {}

    @property
    def active(self) -> bool:
        """Whether a sentence is being synthesized or its end was not taken yet."""
        return bool(self._running)

    @property
    def done(self) -> bool:
        """Whether an end waits to be taken."""
        return any(synthesis.done() for synthesis in self._running.values())

    def start(self, given: SynthesizeSentenceInput) -> None:
        """Synthesize a sentence."""
        summary = f"speak sentence {given.index}"
        self._running[given.index] = workflow.start_activity(
            synthesize_sentence, given, **options.synthesis(summary, self._heartbeat_timeout)
        )

    def keep_only(self, awaited: range) -> None:
        """Nobody waits for any other sentence; how its synthesis ends is nobody's business."""
        for index in [index for index in self._running if index not in awaited]:
            let_go(self._running.pop(index))

    def take(self) -> list[tuple[int, Utterance]]:
        """The ends that wait, in the order of the sentences."""
        ended = sorted(index for index, synthesis in self._running.items() if synthesis.done())
        return [(index, _utterance(self._running.pop(index))) for index in ended]


def _utterance(synthesis: _Synthesis) -> Utterance:
    try:
        result: SynthesizeSentenceResult = synthesis.result()
    except ActivityError as error:
        return Utterance(skipped=_failure(error))
    return Utterance(audio_id=result.audio_id, format=result.format, duration_ms=result.duration_ms)


def _failure(error: ActivityError) -> FailureKind:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == SPEECH_FAILED:
        return SpeechFailure.model_validate(cause.details[0]).kind
    return FailureKind.TIMEOUT
