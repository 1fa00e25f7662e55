"""Phases: the plan of a guided session, as its profile lays it down and as clients see it.

Owns the shape and what makes a plan possible; must not know where a session stands in it (`workflows.state`).
"""

from enum import StrEnum
from string import Formatter
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from workflows.contract.base import Name, Seconds, Value

FIELDS: Final = ("phase", "next_phase", "sentences", "pace", "title")
"""What a template may name in braces."""

DEFAULT_TRANSITION: Final = "Bring this part gently to its end and lead over to what comes next."
WIND_DOWN_SHARE: Final = 4
"""A phase that says nothing else winds down for the last quarter of its sentences."""


def _names_known_fields(template: str) -> str:
    try:
        named = [field for _, *field in Formatter().parse(template) if field[0] is not None]
    except ValueError as error:
        raise ValueError(f"the braces of the template do not match: {error}; write {{{{ for one") from error
    unknown = sorted({str(name) for name, *_ in named} - set(FIELDS))
    if unknown:
        raise ValueError(f"a template knows no {unknown}; it may name: {', '.join(FIELDS)}")
    for name, spec, conversion in named:
        if spec or conversion:
            raise ValueError(f"a template takes no format for {name!r}; write {{{name}}}")
    return template


Template = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(_names_known_fields)
]
"""Text with fields in braces, `FIELDS`."""


class Pace(StrEnum):
    """How a person wants to be spoken to."""

    SLOWER = "slower"
    NORMAL = "normal"
    FASTER = "faster"


class Phase(Value):
    """One part of a guided session: what the model is to do, and for how long."""

    name: Name
    instructions: Template
    sentences: Annotated[int, Field(ge=1, le=1000, strict=True)]
    """The budget: no more is said in the phase."""
    wind_down_at: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    """Sentences after which the phase is brought to its end; None: `WIND_DOWN_SHARE`."""
    duration: Seconds | None = None
    """Unpaused time after which it is, whatever was said."""
    transition: Template = DEFAULT_TRANSITION
    """What the model is told then."""

    @model_validator(mode="after")
    def _winds_down_within_its_budget(self) -> Self:
        if self.wind_down_at is not None and self.wind_down_at > self.sentences:
            raise ValueError(
                f"wind_down_at {self.wind_down_at} is behind the last of {self.sentences} sentences; lower it"
            )
        return self

    @property
    def winds_down_at(self) -> int:
        """Sentences after which the phase is brought to its end."""
        share = max(self.sentences // WIND_DOWN_SHARE, 1)
        return self.wind_down_at or max(self.sentences - share, 1)


class PhaseView(Value):
    """The phase as clients see it; `index` counts from 1."""

    name: str
    index: int
    of: int
