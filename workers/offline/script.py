"""Owns the scripted behaviours that tests queue up: what they look like and which request takes which.

Must not carry them out.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from workers.offline.behaviour_queue import BehaviourQueue, Scripted

Occasion = Literal["create", "retrieve", "cancel", "moderate"]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]

_ANY_OCCASION = {"on", "contains", "times", "status", "retry_after", "code", "forget"}
_ALLOWED: Mapping[Occasion, set[str]] = {
    "retrieve": _ANY_OCCASION | {"cut_after", "end_after", "malformed_after"},
    "cancel": _ANY_OCCASION,
    "moderate": _ANY_OCCASION | {"delay", "cut_after", "malformed_after"},
}


def _as_json_text(value: object) -> object:
    return value if isinstance(value, str) else json.dumps(value)


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


class FunctionCall(BaseModel):
    """A call that the model shall ask for; arguments as JSON text or as the object itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    arguments: Annotated[str, BeforeValidator(_as_json_text)] = "{}"


class Behaviour(Scripted):
    """What happens to one request. All fields combine, except where the validators say otherwise.

    `contains` looks at the last user text.
    """

    on: Occasion = "create"

    status: int | None = Field(default=None, ge=400, le=599)
    retry_after: Seconds | None = None
    code: str | None = None
    forget: bool = False
    """Drop all stored responses first."""
    delay: Seconds | None = None
    """Until a moderation is answered, whatever the answer; a text has `first_token_delay`."""
    reject_background: bool = False
    """Refuse background requests; others do not take this behaviour."""

    cut_after: Count | None = None
    """Deltas until the connection breaks; a body without deltas breaks in its middle."""
    end_after: Count | None = None
    """Deltas until the stream ends as if it were complete, without a terminal event."""
    malformed_after: Count | None = None
    """Deltas until one event arrives as broken JSON; the stream goes on behind it. A body is broken JSON."""

    fail_after: Count | None = None
    incomplete_after: Count | None = None
    reason: Literal["max_output_tokens", "content_filter"] = "max_output_tokens"

    first_token_delay: Seconds | None = None
    stall_after: Count | None = None
    seconds: Seconds | None = None
    tokens_per_second: Seconds | None = None

    text: str | None = None
    tokens: Count | None = None
    stamped: bool = False
    """Each delta says when it was generated instead, in seconds of this machine's monotonic clock."""
    function_call: Annotated[tuple[FunctionCall, ...], BeforeValidator(_as_list)] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for pair in (("cut_after", "end_after"), ("fail_after", "incomplete_after"), ("text", "tokens")):
            if self.model_fields_set.issuperset(pair):
                raise ValueError(f"{pair[0]} and {pair[1]} exclude each other")
        if (self.stall_after is None) != (self.seconds is None):
            raise ValueError("stall_after and seconds belong together")
        return self

    @model_validator(mode="after")
    def _fits_the_occasion(self) -> Self:
        allowed = _ALLOWED.get(self.on, type(self).model_fields.keys() - {"delay"})
        for name in self.model_fields_set - allowed:
            raise ValueError(f"{name} means nothing on {self.on}")
        return self

    @property
    def breaks_after(self) -> int | None:
        """Return the number of deltas after which the connection ends early, if it does."""
        return self.end_after if self.cut_after is None else self.cut_after


UNSCRIPTED = Behaviour()


class Script(BehaviourQueue[Behaviour]):
    """The behaviours that wait for requests to this model."""

    def __init__(self) -> None:
        super().__init__(Behaviour)

    def take(self, on: Occasion, text: str | None = None, *, background: bool = False) -> Behaviour:
        """Return the behaviour of this request, used up by one; `UNSCRIPTED` when none fits."""
        return self.take_first(lambda each: _fits(each, on, text, background=background)) or UNSCRIPTED


def _fits(behaviour: Behaviour, on: Occasion, text: str | None, *, background: bool) -> bool:
    if behaviour.on != on or (behaviour.reject_background and not background):
        return False
    return behaviour.concerns(text)
