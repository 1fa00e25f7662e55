"""What the safety filter of a profile holds back, and what follows.

Owns the shape of the settings; must not judge any text (`activities.safety`).
"""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from workflows.contract.base import Name, Seconds, Value
from workflows.contract.pattern import checked_pattern


class SafetyPolicy(StrEnum):
    """What becomes of a flagged sentence; END also ends the session."""

    REPLACE = "replace"
    DROP = "drop"
    END = "end"


class SafetyRule(Value):
    """What no sentence may hold.

    The pattern is a regular expression, searched whatever the case in the sentence and over its border with
    the one before; any run of white space there is one blank.
    """

    name: Name
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(checked_pattern)]


class Safety(Value):
    """How the sentences of a session are filtered before anybody reads or hears them."""

    rules: Annotated[tuple[SafetyRule, ...], Field(max_length=100)] = ()
    moderation: bool = True
    """Whether the provider's moderation is asked about what the rules let through."""
    model: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    """The moderation's model; None: the provider's default."""
    timeout: Seconds = timedelta(seconds=3)
    """How long a verdict may take; without one nothing is said."""
    policy: SafetyPolicy = SafetyPolicy.REPLACE
    replacement: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)] = (
        "Let us leave that aside and go on."
    )
    """What is said instead of a flagged sentence."""
    strikes: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = 3
    """Flagged sentences after which the session ends; None: it goes on."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("two safety rules have the same name; rename one")
        return self

    @model_validator(mode="after")
    def _replacement_passes(self) -> Self:
        for rule in self.rules:
            if re.search(rule.pattern, self.replacement, re.IGNORECASE):
                raise ValueError(f"the replacement is what rule {rule.name!r} flags; word it otherwise")
        return self
