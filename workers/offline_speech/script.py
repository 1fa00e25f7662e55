"""Owns the scripted behaviours of the offline speech: what they look like. Must not carry them out."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workers.offline.behaviour_queue import BehaviourQueue, Scripted

Seconds = Annotated[float, Field(ge=0)]
Body = Literal["short", "silent", "not_wav"]

_WITH_STATUS = {"contains", "times", "delay", "status", "retry_after", "code"}


class Behaviour(Scripted):
    """What happens to one request for speech; `contains` looks at its input."""

    delay: Seconds | None = None
    """Before anything else happens."""

    status: int | None = Field(default=None, ge=400, le=599)
    retry_after: Seconds | None = None
    code: str | None = None

    body: Body | None = None
    """Half of the samples that the header announces; as many samples, all silent; no WAV at all."""
    cut_after: int | None = Field(default=None, ge=0)
    """Bytes of the body until the connection breaks."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.status is None:
            for name in self.model_fields_set & {"retry_after", "code"}:
                raise ValueError(f"{name} means nothing without status")
        else:
            for name in self.model_fields_set - _WITH_STATUS:
                raise ValueError(f"{name} means nothing with status")
        return self


UNSCRIPTED = Behaviour()


class Script(BehaviourQueue[Behaviour]):
    """The behaviours that wait for requests for speech."""

    def __init__(self) -> None:
        super().__init__(Behaviour)

    def take(self, text: str) -> Behaviour:
        """Return the behaviour of a request with this input, used up by one; `UNSCRIPTED` when none fits."""
        return self.take_first(lambda each: each.concerns(text)) or UNSCRIPTED
