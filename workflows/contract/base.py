"""The two kinds of value in the contract, and the scalar types they share.

Owns how values are frozen, checked and written as JSON; must not know any of them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)

MIN_SECONDS: Final = 0.001
MAX_SECONDS: Final = 10 * 365 * 24 * 3600
MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Value(BaseModel):
    """An immutable value of ours; fields unknown to an older release are ignored, never an error."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Request(BaseModel):
    """An immutable value from outside; an unknown field is an error, so that a typo is not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def complaint(item: Mapping[str, object]) -> str:
    """What is wrong, of an item of a ValidationError; a check of ours has said it in its own words."""
    return str(item["msg"]).removeprefix("Value error, ")


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` in UTC, cut to the milliseconds that the wire can carry."""
    in_utc = moment.astimezone(UTC)
    return in_utc.replace(microsecond=in_utc.microsecond // 1000 * 1000)


def unix_milliseconds(moment: datetime) -> int:
    """`moment` in milliseconds since 1970."""
    return (moment - _EPOCH) // MILLISECOND


def rfc3339(moment: datetime) -> str:
    """`moment` as RFC 3339 in UTC with milliseconds: `2026-11-20T10:27:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _seconds_to_timedelta(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a duration is a number of seconds")
    if not MIN_SECONDS <= value <= MAX_SECONDS:
        raise ValueError(f"a duration lies between {MIN_SECONDS} and {MAX_SECONDS} seconds")
    return timedelta(milliseconds=round(value * 1000))


def in_seconds(duration: timedelta) -> int | float:
    """`duration` in seconds, an `int` where it is whole."""
    seconds = duration.total_seconds()
    return int(seconds) if seconds.is_integer() else round(seconds, 3)


Timestamp = Annotated[datetime, AfterValidator(to_milliseconds), PlainSerializer(rfc3339, when_used="json")]
Seconds = Annotated[
    timedelta,
    BeforeValidator(
        _seconds_to_timedelta, json_schema_input_type=Annotated[float, Field(gt=0, le=MAX_SECONDS)]
    ),
    PlainSerializer(in_seconds, when_used="json"),
]
Elapsed = Annotated[
    timedelta,
    BeforeValidator(lambda v: timedelta(seconds=v) if isinstance(v, int | float) else v),
    PlainSerializer(in_seconds, when_used="json"),
]

MESSAGE_ID_PATTERN: Final = r"^[A-Za-z0-9._:-]{1,128}$"
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"

MessageId = Annotated[str, StringConstraints(pattern=MESSAGE_ID_PATTERN)]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]

ASSISTANT_PREFIX: Final = "a-"


def _not_an_assistants(message_id: str) -> str:
    if message_id.startswith(ASSISTANT_PREFIX):
        raise ValueError(f"ids that start with {ASSISTANT_PREFIX!r} are the assistant's; choose another")
    return message_id


ClientMessageId = Annotated[MessageId, AfterValidator(_not_an_assistants)]
