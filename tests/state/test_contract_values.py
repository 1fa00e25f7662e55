"""The values of the contract: how they are written, what they refuse, and what both ends agree on."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from temporalio import activity

from activities.model import ModelSteps
from activities.session import SessionProjection
from activities.speech import Speaking
from activities.transcription import Transcription
from tests.effort import examples
from tests.state import strategies as draw
from tests.state.builders import NOON, born, profile
from tests.state.story import Story
from workflows.contract import activities
from workflows.contract.base import Elapsed, Seconds, Timestamp, rfc3339, to_milliseconds, unix_milliseconds
from workflows.contract.commands import SIGNALS, BargeIn, SendMessage, SessionChanges, signal_payload
from workflows.contract.errors import RETRYABLE, ErrorCode, FailureKind
from workflows.contract.profile import Effort, Limits, LimitsPatch, Profile, SettingsPatch
from workflows.contract.publication import LogEntry, Publication
from workflows.contract.session import Delivery, EndReason, SessionView, Status
from workflows.contract.start import RetrySchedule, SessionStart
from workflows.state.intake import read_command
from workflows.state.session_state import SessionState
from workflows.state.view import session_view

TIMESTAMP: Final = TypeAdapter[datetime](Timestamp)
SECONDS: Final = TypeAdapter[timedelta](Seconds)
ELAPSED: Final = TypeAdapter[timedelta](Elapsed)

SESSION_FIELDS: Final = (
    *("session_id", "session_key", "profile", "title", "user_id", "status", "end_reason", "phase"),
    *("voice_state", "limits", "message_count", "queued", "queue", "turn", "usage", "created_at"),
    *("updated_at", "last_activity_at", "idle_at", "ends_at", "active_seconds", "metadata", "settings"),
    "workflow_id",
)
"""Of the contract page, but for `cursor`, which only the store knows."""


# ---- times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (NOON, "2026-11-20T12:00:00.000Z"),
        (NOON.replace(microsecond=123_999), "2026-11-20T12:00:00.123Z"),
        (NOON.replace(microsecond=1_000), "2026-11-20T12:00:00.001Z"),
        (NOON.astimezone(timezone(timedelta(hours=-5))), "2026-11-20T12:00:00.000Z"),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=45))), "2026-11-20T12:00:00.000Z"),
    ],
)
def test_a_timestamp_is_rfc_3339_in_utc_with_milliseconds(moment: datetime, written: str) -> None:
    assert rfc3339(moment) == written
    assert TIMESTAMP.dump_json(TIMESTAMP.validate_python(moment)).decode() == f'"{written}"'


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@examples(200)
def test_a_timestamp_survives_json(moment: datetime) -> None:
    cut = TIMESTAMP.validate_python(moment)
    assert TIMESTAMP.validate_json(TIMESTAMP.dump_json(cut)) == cut == to_milliseconds(moment)
    assert timedelta() <= moment - cut < timedelta(milliseconds=1)
    assert datetime.fromtimestamp(unix_milliseconds(cut) / 1000, UTC) == cut


@pytest.mark.parametrize(
    ("duration", "written"),
    [
        (timedelta(seconds=5), "5"),
        (timedelta(seconds=1.5), "1.5"),
        (timedelta(milliseconds=1), "0.001"),
        (timedelta(days=7), "604800"),
    ],
)
def test_a_duration_is_a_number_of_seconds(duration: timedelta, written: str) -> None:
    assert SECONDS.dump_json(duration).decode() == written
    assert SECONDS.validate_json(written) == ELAPSED.validate_json(written) == duration


@given(st.integers(1, 315_360_000_000))
@examples(200)
def test_a_duration_survives_json(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert SECONDS.validate_json(SECONDS.dump_json(duration)) == duration
    assert ELAPSED.validate_json(ELAPSED.dump_json(duration)) == duration


@pytest.mark.parametrize("value", ["5", "PT5S", True, None, [5], {}, 0, -1, 0.0009, 1e12])
def test_what_is_not_a_number_of_seconds_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        SECONDS.validate_python(value)


def test_no_time_may_have_elapsed() -> None:
    assert ELAPSED.validate_python(0) == timedelta()


EXAMPLES: Final = {
    "message_id": "m",
    "audio_id": "r",
    "content": "x",
    "on": True,
    "turn": 1,
    "sentence_index": 0,
    "played_ms": 0,
    "state": "started",
}
OTHERWISE: Final[dict[type[BaseModel], dict[str, Any]]] = {BargeIn: {"resume": True}}

# ---- what is refused, and what is not ----------------------------------------------------------------


@pytest.mark.parametrize("request_type", [*SIGNALS.values(), SessionChanges, SettingsPatch, LimitsPatch])
def test_a_request_refuses_an_unknown_field(request_type: type[BaseModel]) -> None:
    needed = [name for name, field in request_type.model_fields.items() if field.is_required()]
    known = {name: EXAMPLES[name] for name in needed} or OTHERWISE.get(request_type, {})
    request_type.model_validate(known)
    with pytest.raises(ValidationError, match="typo"):
        request_type.model_validate({**known, "typo": 1})


@pytest.mark.parametrize(
    "value",
    [profile(), Limits(), RetrySchedule(), LogEntry(name="n", event={}), SessionState.born(born(), NOON)],
    ids=lambda value: type(value).__name__,
)
def test_a_value_of_a_newer_release_can_be_read(value: BaseModel) -> None:
    newer = value.model_dump(mode="json") | {"added_later": 1}
    assert type(value).model_validate(newer) == value


def test_settings_of_a_newer_release_can_be_read_wherever_they_are_kept() -> None:
    story = Story(settings={"effort": "low"}).says("m").queues("q").changes(settings={"effort": "max"})
    state = story.shell.state
    newer = state.model_dump(mode="json")
    newer["settings"]["added_later"] = newer["queue"]["waiting"][0]["settings"]["added_later"] = 1
    assert SessionState.model_validate(newer) == state


def test_values_are_immutable() -> None:
    with pytest.raises(ValidationError):
        Limits().max_messages = 3  # type: ignore[misc]


def test_a_patch_of_limits_changes_what_it_names() -> None:
    limits = Limits.model_validate({"idle_timeout": 10, "max_duration": 20, "max_messages": 3})
    patch = LimitsPatch.model_validate({"idle_timeout": None, "max_messages": 5})
    assert patch.over(limits) == Limits.model_validate({"max_duration": 20, "max_messages": 5})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"agents": []}, "at least 1"),
        ({"agents": [{"name": "a", "instructions": "x"}] * 2}, "same name"),
        ({"agents": [{"name": "a", "instructions": "x"}], "settings": ["volume"]}, "unknown settings"),
        ({"agents": [{"name": "-a", "instructions": "x"}]}, "pattern"),
        ({"agents": [{"name": "a", "instructions": ""}]}, "at least 1"),
    ],
)
def test_a_profile_says_what_is_wrong_with_it(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Profile.model_validate({"name": "p", **fields})


# ---- what both ends agree on -------------------------------------------------------------------------


def test_the_session_object_has_the_fields_of_the_contract_page() -> None:
    assert tuple(SessionView.model_fields) == SESSION_FIELDS


def test_a_session_looks_the_same_before_and_after_its_workflow_started() -> None:
    start = born({"max_messages": 3}, title="T", metadata={"a": 1}, user_id="ada")
    assert start.view() == session_view(SessionState.born(start, NOON), NOON)


@pytest.mark.parametrize(
    ("vocabulary", "words"),
    [
        (Status, "active idle paused closed"),
        (Delivery, "steer queue interrupt"),
        (Effort, "none minimal low medium high xhigh max"),
        (
            EndReason,
            "completed user_ended idle_timeout max_duration max_messages safety error cancelled terminated",
        ),
    ],
)
def test_a_vocabulary_is_that_of_the_contract_page(vocabulary: Any, words: str) -> None:
    assert [word.value for word in vocabulary] == words.split()


def test_every_error_code_of_the_contract_page_exists() -> None:
    named = (
        "session_not_found session_closed invalid_request unauthorized forbidden_origin idempotency_conflict "
        "rate_limited payload_too_large queue_full engine_unavailable store_unavailable"
    )
    assert set(named.split()) <= set(ErrorCode)


def test_what_is_worth_a_retry_is_the_providers_trouble_and_not_ours() -> None:
    assert set(FailureKind) - RETRYABLE == {
        FailureKind.AUTHENTICATION,
        FailureKind.QUOTA,
        FailureKind.INVALID_REQUEST,
        FailureKind.CONTEXT_LENGTH,
        FailureKind.CONTENT_FILTER,
        FailureKind.INTERNAL,
    }


def test_the_signals_are_those_of_the_contract_page() -> None:
    named = "send_message withdraw_message stop_turn pause resume close update_session"
    of_voice = "listening playback barge_in send_recording"
    assert list(SIGNALS) == [*named.split(), *of_voice.split()]


@given(draw.commands.filter(lambda command: command.kind in SIGNALS))
@examples(100)
def test_a_command_is_read_back_from_its_signal(command: Any) -> None:
    assert read_command(command.kind, signal_payload(command), lambda: "m-fresh") == command


@pytest.mark.parametrize(
    ("declared", "implemented"),
    [
        (activities.call_model, ModelSteps.call_model),
        (activities.settle_answer, ModelSteps.settle_answer),
        (activities.project_session, SessionProjection.project_session),
        (activities.synthesize_sentence, Speaking.synthesize_sentence),
        (activities.transcribe_recording, Transcription.transcribe_recording),
    ],
    ids=lambda defined: defined.__qualname__,
)
def test_an_activity_is_what_its_declaration_says(declared: Any, implemented: Any) -> None:
    def signature(defined: Any) -> tuple[str | None, Any, Any]:
        definition = activity._Definition.must_from_callable(defined)
        return definition.name, definition.arg_types, definition.ret_type

    assert signature(declared) == signature(implemented)


def test_what_starts_a_session_survives_json() -> None:
    start = born({"idle_timeout": 0.5}, first_message=SendMessage(content="\u2028", message_id="m"))
    assert SessionStart.model_validate_json(start.model_dump_json()) == start


def test_a_publication_counts_its_entries_from_its_base() -> None:
    entries = (LogEntry(name="a", event={}), LogEntry(name="b", event={}))
    publication = Publication(session_id="s", tenant="t", epoch=1, base=5, entries=entries, revision=1)
    assert publication.end == 7
