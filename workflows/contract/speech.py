"""Speech: how a profile speaks, and one sentence of it.

Owns the shapes of input, result and failure; audio itself never passes here.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from workflows.contract.base import Elapsed, Value
from workflows.contract.errors import RETRYABLE, FailureKind

VoiceName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
AudioFormat = Literal["wav"]

SPEECH_FAILED: Final = "speech_failed"
"""Type of the `ApplicationError` that carries a `SpeechFailure`: shared by who raises and who catches."""


class Voice(Value):
    """Who speaks, and how fast; None is the deployment's default."""

    model: VoiceName | None = None
    voice: VoiceName | None = None
    speed: Annotated[float, Field(ge=0.25, le=4, strict=True)] = 1.0


class Speech(Voice):
    """That a profile speaks, and how."""

    at_once: Annotated[int, Field(ge=1, le=8, strict=True)] = 2
    """Sentences that are synthesized side by side."""


class SynthesizeSentenceInput(Value):
    """One sentence, as it was written."""

    session_id: str
    index: int
    """Of the sentence in its session."""
    text: str | None = None
    """None: it is in the store, under its index."""
    speech: Voice = Voice()


class SynthesizeSentenceResult(Value):
    """The sentence's audio, which is in the store; none when there was nothing to say."""

    audio_id: str | None = None
    format: AudioFormat = "wav"
    duration_ms: int = 0
    unspeakable: bool = False
    """Nothing of the sentence can be said: it is only pictures or marks."""


class Utterance(Value):
    """A sentence's audio, or why there is none."""

    audio_id: str | None = None
    format: AudioFormat = "wav"
    duration_ms: int = 0
    skipped: FailureKind | None = None
    """None without audio: there was nothing to say."""


class SpeechFailure(Value):
    """Why a sentence could not be spoken, as the detail of its `ApplicationError`."""

    kind: FailureKind
    message: str
    """A sentence for people; holds no provider's body and no credential."""
    retry_after: Elapsed | None = None

    @property
    def retryable(self) -> bool:
        """Whether the same sentence may be spoken later."""
        return self.kind in RETRYABLE
