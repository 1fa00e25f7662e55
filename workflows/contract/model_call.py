"""One model step: what is asked, and how it ended.

Owns the shapes of inputs and results, small by type: no conversation fits in one.
"""

from typing import Literal

from workflows.contract.base import Seconds, Value
from workflows.contract.profile import CallMode, Effort
from workflows.contract.publication import Publication
from workflows.contract.session import Usage


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


class CallModelInput(Value):
    """One model step; `publication` rides on its first write to the log."""

    turn: int
    step: int
    message_id: str
    call: ModelCall
    publication: Publication
    tell_after: Seconds | None = None
    """The workflow wants to know when the step has lasted this long."""


class SettleAnswerInput(Value):
    """A step that no live attempt will end, and the status its message ends with."""

    turn: int
    step: int
    message_id: str
    status: Literal["stopped", "failed"]
    publication: Publication


class StepResult(Value):
    """How a step ended; viewers hold exactly `text`."""

    outcome: Literal["complete", "stopped", "failed"]
    text: str
    usage: Usage = Usage()
    response_id: str | None = None
    """The provider's stored response that ends with `text`, if there is one."""
    epoch: int | None = None
    """The epoch of the log that holds it, when that is not the one that the step began in."""
