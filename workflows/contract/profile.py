"""A profile: what kind of session this is. Resolved once, at the start, and pinned for the session's life.

Owns the shape of a profile and of the settings that override it; must not read files. Whoever does
(`api.profile_files`) also refuses unknown fields: here they are ignored, so that a rollback can read what a
newer release pinned.
"""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints

from workflows.contract.base import Name, Request, Seconds, Value
from workflows.contract.phases import Pace, Phase
from workflows.contract.safety import Safety
from workflows.contract.speech import Speech


class Effort(StrEnum):
    """How hard a reasoning model thinks."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


DEFAULT_EFFORT = Effort.HIGH


class CallMode(StrEnum):
    """How the provider is called, from the most durable to the least demanding.

    `background` resumes a generation after a crash; `plain` chains stored responses and generates anew after
    a crash; `stateless` stores nothing and sends the transcript with every call.
    """

    BACKGROUND = "background"
    PLAIN = "plain"
    STATELESS = "stateless"


class Settings(Value):
    """What a session or a message may override."""

    effort: Effort | None = None
    pace: Pace | None = None
    skip_phase: Name | None = None
    """Of a guided session: this phase is brought to its end, or left out."""
    extend_phase: Name | None = None
    """This phase gets half as much again, of sentences and of time."""


class SettingsPatch(Request):
    """Settings that a client sets; a field left out stays as it is."""

    effort: Effort | None = None
    pace: Pace | None = None
    skip_phase: Name | None = None
    extend_phase: Name | None = None

    def over(self, settings: Settings) -> Settings:
        """`settings` with the fields that the client gave, null included."""
        return settings.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


class Limits(Value):
    """When a session ends by itself; None is never."""

    idle_timeout: Seconds | None = None
    max_duration: Seconds | None = None
    max_messages: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None


class LimitsPatch(Request):
    """Limits that a client sets; a field left out stays as it is."""

    idle_timeout: Seconds | None = None
    max_duration: Seconds | None = None
    max_messages: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None

    def over(self, limits: Limits) -> Limits:
        """`limits` with the fields that the client gave, null included."""
        return limits.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


class ModelChoice(Value):
    """Which model answers, and how it is called."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    """None: the deployment's default model."""
    effort: Effort | None = None
    reasoning: bool | None = None
    """Whether the model takes a reasoning effort; None: told from its name."""
    mode: CallMode = CallMode.BACKGROUND
    max_output_tokens: Annotated[int, Field(ge=16, le=1_000_000, strict=True)] | None = None


class Agent(Value):
    """One voice of a session, with a conversation of its own."""

    name: Name
    instructions: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


def _with_unique_names(parts: tuple[Agent | Phase, ...]) -> tuple[Agent | Phase, ...]:
    names = [part.name for part in parts]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two of them have the same name {name!r}; rename one")
    return parts


_UNIQUE: Final = AfterValidator(_with_unique_names)


def _that_exist(settings: tuple[str, ...]) -> tuple[str, ...]:
    unknown = set(settings) - Settings.model_fields.keys()
    if unknown:
        raise ValueError(f"unknown settings {sorted(unknown)}; known: {sorted(Settings.model_fields)}")
    return settings


class Profile(Value):
    """Everything about a kind of session that is not said by its client."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    agents: Annotated[tuple[Agent, ...], Field(min_length=1, max_length=32), _UNIQUE]
    """The first is the default."""
    model: ModelChoice = ModelChoice()
    limits: Limits = Limits()
    settings: Annotated[tuple[str, ...], AfterValidator(_that_exist)] = ("effort",)
    """Names of the settings that clients may override."""
    phases: Annotated[tuple[Phase, ...], Field(max_length=100), _UNIQUE] = ()
    """The plan of a guided session; without one, the session waits for messages."""
    speech: Speech | None = None
    """How every sentence is spoken; None: not at all."""
    safety: Safety | None = None
    """What a sentence must pass before anybody hears it; None: nothing."""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] = "en"
    """In which sentences are told apart: an ISO 639 code."""

    @property
    def in_sentences(self) -> bool:
        """Whether answers are told sentence by sentence."""
        return bool(self.phases) or self.safety is not None or self.speech is not None

    def shown(self, settings: Settings) -> dict[str, Any]:
        """Of `settings`, what clients of such a session can set."""
        return settings.model_dump(mode="json", include=set(self.settings))

    def agent(self, name: str | None) -> Agent | None:
        """The agent called `name`, the first for None; None when there is no such agent."""
        if name is None:
            return self.agents[0]
        return next((agent for agent in self.agents if agent.name == name), None)
