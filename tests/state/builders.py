"""Sessions, commands and step ends for tests of the pure state, with as few words as possible.

Owns defaults; must not assert anything.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from workflows.contract.commands import SendMessage, SendRecording, UpdateSession
from workflows.contract.errors import FailureKind, StepFailure
from workflows.contract.model_call import StepResult
from workflows.contract.phases import Phase
from workflows.contract.profile import Agent, CallMode, Limits, ModelChoice, Profile
from workflows.contract.session import Delivery, MessageSentences, Usage
from workflows.contract.start import RetrySchedule, SessionStart

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def profile(*agents: str, settings: tuple[str, ...] = ("effort",), **model: Any) -> Profile:
    names = agents or ("assistant",)
    return Profile(
        name="chat",
        agents=tuple(Agent(name=name, instructions=f"You are {name}.") for name in names),
        model=ModelChoice(mode=CallMode.PLAIN).model_copy(update=model),
        settings=settings,
    )


THREE: Final = ("settling", "deepening", "return")


def guided(*names: str, **more: Any) -> Profile:
    """Phases of eight sentences each, the last two to wind down."""
    fields: dict[str, Any] = {
        "sentences": 8,
        "wind_down_at": 6,
        "instructions": "{phase} before {next_phase}.",
    }
    phases = tuple(Phase(name=name, **fields | more) for name in names or THREE)
    settings = ("effort", "pace", "skip_phase", "extend_phase")
    return profile(settings=settings).model_copy(update={"phases": phases})


def born(
    limits: dict[str, Any] | None = None,
    *,
    of: Profile | None = None,
    retries: RetrySchedule | None = None,
    **more: Any,
) -> SessionStart:
    return SessionStart(
        session_id="s1",
        session_key="SESSION-001",
        tenant="default",
        profile=of or profile(),
        model="perdure-offline",
        limits=Limits.model_validate(limits or {}),
        created_at=NOON,
        retries=retries or RetrySchedule(),
        **more,
    )


def message(message_id: str, delivery: Delivery = Delivery.STEER, **more: Any) -> SendMessage:
    fields = {"content": f"text of {message_id}", "message_id": message_id, "delivery": delivery} | more
    return SendMessage.model_validate(fields)


def recording(message_id: str, delivery: Delivery = Delivery.STEER, **more: Any) -> SendRecording:
    fields = {"audio_id": f"audio-{message_id}", "message_id": message_id, "delivery": delivery} | more
    return SendRecording.model_validate(fields)


def update(**changes: Any) -> UpdateSession:
    return UpdateSession.model_validate(changes)


def complete(text: str = "Hello.", response_id: str | None = "resp-1", tokens: int = 10) -> StepResult:
    usage = Usage(input_tokens=tokens, output_tokens=2 * tokens, cached_tokens=1)
    return StepResult(outcome="complete", text=text, usage=usage, response_id=response_id)


def kept(text: str = "Hel", outcome: str = "stopped") -> StepResult:
    return StepResult.model_validate({"outcome": outcome, "text": text})


def in_sentences(result: StepResult, count: int) -> StepResult:
    """`result`, told in `count` sentences."""
    size = max(len(result.text) // max(count, 1), 1)
    ends = tuple(size * (number + 1) for number in range(count))
    return result.model_copy(update={"sentences": MessageSentences(first=0, ends=ends)})


def failure(
    kind: FailureKind = FailureKind.OVERLOADED, *, shown: int = 0, retry_after: float | None = None
) -> StepFailure:
    wait = None if retry_after is None else timedelta(seconds=retry_after)
    return StepFailure(kind=kind, message="It failed.", shown=shown, retry_after=wait)


def terminal(*, shown: int = 0) -> StepFailure:
    return failure(FailureKind.AUTHENTICATION, shown=shown)
