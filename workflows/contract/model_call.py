"""One model step: what is asked, and how it ended.

Owns the shapes of inputs and results, small by type: no conversation fits in one.
"""

from typing import Literal

from workflows.contract.base import Seconds, Timestamp, Value
from workflows.contract.profile import CallMode, Effort
from workflows.contract.publication import Publication
from workflows.contract.safety import Safety
from workflows.contract.session import MessageSentences, Usage
from workflows.contract.turn_end import TurnEnd


class Sentences(Value):
    """How an answer is told in sentences."""

    language: str
    first: int
    """The index in the session of the answer's first sentence."""
    most: int | None = None
    """After so many the answer ends, whatever the model had to say."""
    phase: str | None = None
    spoken: bool = False
    """Whether the workflow wants to know of each as soon as it is told."""


class ModelCall(Value):
    """What is asked of the model in one step.

    The model sees `transcript[seen_from:seen_to]` of the agent, after the stored response
    `previous_response_id` if there is one; without it, `transcript[floor:seen_to]`.
    """

    agent: str
    instructions: str
    model: str
    mode: CallMode
    effort: Effort | None
    max_output_tokens: int | None = None
    previous_response_id: str | None = None
    floor: int
    seen_from: int
    seen_to: int
    cue: str | None = None
    """What the model is told behind the messages, and nobody else hears."""


class _StepInput(Value):
    """A step; `publication` rides on its first write to the log."""

    turn: int
    step: int
    message_id: str
    publication: Publication
    sentences: Sentences | None = None
    """How the answer is told in sentences; None: as it comes."""
    turn_end: TurnEnd | None = None
    """What the step may say of the turn when its answer is complete."""

    def turn_end_with(self, result: "StepResult") -> Publication | None:
        """What is said of the turn's end with `result`; None where only the workflow can say it."""
        if self.turn_end is None or result.ended_at is None or result.flagged:
            return None
        return self.turn_end.publication(
            self.publication, result.text, result.usage, result.ended_at, result.sentences
        )


class CallModelInput(_StepInput):
    """One model step."""

    call: ModelCall
    safety: Safety | None = None
    """What a sentence must pass before anybody hears it."""
    tell_after: Seconds | None = None
    """The workflow wants to know when the step has lasted this long."""


class SettleAnswerInput(_StepInput):
    """A step that no live attempt will end, and the status its message ends with."""

    status: Literal["stopped", "failed"]


class StepResult(Value):
    """How a step ended; viewers hold exactly `text`."""

    outcome: Literal["complete", "stopped", "failed"]
    text: str
    usage: Usage = Usage()
    response_id: str | None = None
    """The provider's stored response that ends with `text`, if there is one."""
    epoch: int | None = None
    """The epoch of the log that holds it, when that is not the one that the step began in."""
    ended_at: Timestamp | None = None
    """When the answer was complete."""
    sentences: MessageSentences | None = None
    """How `text` was told, if in sentences."""
    cut: bool = False
    """Whether the model had more to say than it was asked for."""
    flagged: int = 0
    """Sentences that the safety filter did not let through as they were."""
    turn_ended: bool = False
    """Whether the step said then that its turn is over."""

    def with_turn_ended(self, turn_ended: bool) -> "StepResult":
        """This result, of a step that did or did not say that its turn is over."""
        return self.model_copy(update={"turn_ended": turn_ended})
