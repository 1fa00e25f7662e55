"""Signals as they come in: what can be read becomes a command, the rest `Malformed`, and nothing an error."""

from typing import Any

import pytest

from workflows.contract.commands import (
    MAX_CONTENT,
    Close,
    Command,
    Malformed,
    Pause,
    Resume,
    SendMessage,
    StopTurn,
    UpdateSession,
    WithdrawMessage,
)
from workflows.contract.session import Delivery, EndReason
from workflows.state.intake import read_command

FRESH = "m-fresh"


def read(name: str, payload: Any) -> Command:
    return read_command(name, payload, lambda: FRESH)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("name", "payload", "command"),
    [
        ("send_message", {"content": "hi", "message_id": "m1"}, SendMessage(content="hi", message_id="m1")),
        ("send_message", {"content": "hi"}, SendMessage(content="hi", message_id=FRESH)),
        ("send_message", {"content": "hi", "message_id": None}, SendMessage(content="hi", message_id=FRESH)),
        (
            "send_message",
            {"content": "hi", "message_id": "m1", "agent": "guide", "delivery": "interrupt"},
            SendMessage(content="hi", message_id="m1", agent="guide", delivery=Delivery.INTERRUPT),
        ),
        ("withdraw_message", {"message_id": "m1"}, WithdrawMessage(message_id="m1")),
        ("stop_turn", {}, StopTurn()),
        ("stop_turn", None, StopTurn()),
        ("stop_turn", {"turn": 3}, StopTurn(turn=3)),
        ("pause", {}, Pause()),
        ("resume", None, Resume()),
        ("close", {}, Close()),
        ("close", {"reason": "completed"}, Close(reason=EndReason.COMPLETED)),
        ("update_session", {"title": "New"}, UpdateSession(title="New")),
    ],
)
def test_a_well_formed_signal_is_its_command(name: str, payload: Any, command: Command) -> None:
    assert read(name, payload) == command


@pytest.mark.parametrize(
    "text",
    [
        "NUL \x00 inside",
        "line\r\nbreaks\nof\rall kinds",
        "separators \u2028 and \u2029 and \u0085",
        "emoji 👩\u200d👩\u200d👧 and 😀",
        "right to left \u202e שלום \u202c",
        " \t ",
        '{"json": "\\ud800"}',
        "e\u0301 stays decomposed",
        "\ufeff\ufffe",
    ],
)
def test_any_unicode_text_is_kept_verbatim(text: str) -> None:
    command = read("send_message", {"content": text})
    assert isinstance(command, SendMessage)
    assert command.content == text
    assert SendMessage.model_validate_json(command.model_dump_json()) == command


def test_the_length_of_a_message_counts_code_points() -> None:
    assert isinstance(read("send_message", {"content": "😀" * MAX_CONTENT}), SendMessage)
    assert isinstance(read("send_message", {"content": "x" * (MAX_CONTENT + 1)}), Malformed)


@pytest.mark.parametrize("payload", [7, 1.5, True, "text", "", [], [{"content": "hi"}], b"bytes"])
@pytest.mark.parametrize("name", ["send_message", "pause", "update_session"])
def test_what_is_not_an_object_is_malformed(name: str, payload: Any) -> None:
    command = read(name, payload)
    assert command == Malformed(about=name, message_id=FRESH, problem="the payload must be one JSON object")


@pytest.mark.parametrize(
    ("name", "payload", "place"),
    [
        ("send_message", {}, "content"),
        ("send_message", None, "content"),
        ("send_message", {"content": ""}, "content"),
        ("send_message", {"content": None}, "content"),
        ("send_message", {"content": 3}, "content"),
        ("send_message", {"content": ["a"]}, "content"),
        ("send_message", {"content": "lone \ud800 surrogate"}, "content"),
        ("send_message", {"content": "x", "message_id": "a-1.1"}, "message_id"),
        ("send_message", {"content": "x", "message_id": ""}, "message_id"),
        ("send_message", {"content": "x", "message_id": "x" * 129}, "message_id"),
        ("send_message", {"content": "x", "message_id": "a b"}, "message_id"),
        ("send_message", {"content": "x", "message_id": "line\n"}, "message_id"),
        ("send_message", {"content": "x", "message_id": "../up"}, "message_id"),
        ("send_message", {"content": "x", "message_id": "\ud800"}, "message_id"),
        ("send_message", {"content": "x", "message_id": 5}, "message_id"),
        ("send_message", {"content": "x", "message_id": ["m"]}, "message_id"),
        ("send_message", {"content": "x", "agent": "no spaces"}, "agent"),
        ("send_message", {"content": "x", "agent": 1}, "agent"),
        ("send_message", {"content": "x", "agent": "\udfff"}, "agent"),
        ("send_message", {"content": "x", "delivery": "Steer"}, "delivery"),
        ("send_message", {"content": "x", "delivery": 0}, "delivery"),
        ("send_message", {"content": "x", "settings": {"effort": "extreme"}}, "settings.effort"),
        ("send_message", {"content": "x", "settings": {"voice": "alloy"}}, "settings.voice"),
        ("send_message", {"content": "x", "typo": 1}, "typo"),
        ("send_message", {"content": "x", "kind": "cancel"}, "kind"),
        ("send_message", {"content": "x", "kind": None}, "kind"),
        ("withdraw_message", {}, "message_id"),
        ("withdraw_message", {"message_id": None}, "message_id"),
        ("stop_turn", {"turn": 0}, "turn"),
        ("stop_turn", {"turn": "3"}, "turn"),
        ("stop_turn", {"turn": True}, "turn"),
        ("stop_turn", {"turn": 1.5}, "turn"),
        ("pause", {"nonsense": True}, "nonsense"),
        ("close", {"reason": "bored"}, "reason"),
        ("close", {"reason": 1}, "reason"),
        ("update_session", {"title": ""}, "title"),
        ("update_session", {"title": "x" * 201}, "title"),
        ("update_session", {"title": "\udfff"}, "title"),
        ("update_session", {"limits": {"idle_timeout": 0}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": -1}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": 0.0001}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": True}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": "300"}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": "PT5M"}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": float("nan")}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": float("inf")}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"idle_timeout": 10**400}}, "limits.idle_timeout"),
        ("update_session", {"limits": {"max_messages": 0}}, "limits.max_messages"),
        ("update_session", {"limits": {"max_messages": True}}, "limits.max_messages"),
        ("update_session", {"limits": {"max_messages": "5"}}, "limits.max_messages"),
        ("update_session", {"limits": {"max_words": 5}}, "limits.max_words"),
        ("update_session", {"metadata": []}, "metadata"),
        ("update_session", {"metadata": {"deep": nested(400)}}, "metadata.deep"),
        ("update_session", {"status": "closed"}, "status"),
    ],
)
def test_a_wrong_field_is_malformed_and_named(name: str, payload: Any, place: str) -> None:
    command = read(name, payload)
    assert isinstance(command, Malformed)
    assert command.about == name
    assert command.problem.startswith(place)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("send_message", {"content": "x", "\ud800": 1}),
        ("update_session", {"metadata": {"text": "\ud800"}}),
        ("update_session", {"metadata": {"\ud800": 1}}),
        ("update_session", {"metadata": {"deep": [{"er": "\udfff"}]}}),
        ("update_session", {"metadata": {"size": "x" * 16 * 1024}}),
        ("update_session", {"metadata": {"not a number": float("nan")}}),
        ("update_session", {"metadata": {"too large": [float("inf")]}}),
    ],
)
def test_what_json_cannot_carry_is_malformed(name: str, payload: Any) -> None:
    command = read(name, payload)
    assert isinstance(command, Malformed)
    assert command.problem.encode()


@pytest.mark.parametrize(
    ("given", "kept"), [("m1", "m1"), ("a-1.1", FRESH), ("a b", FRESH), ("\ud800", FRESH), (None, FRESH)]
)
def test_a_malformed_message_keeps_an_id_that_can_be_read(given: Any, kept: str) -> None:
    command = read("send_message", {"content": "", "message_id": given})
    assert isinstance(command, Malformed)
    assert command.message_id == kept


@pytest.mark.parametrize("seconds", [0.001, 1, 1.5, 315_360_000])
def test_a_limit_keeps_its_value_through_json(seconds: float) -> None:
    command = read("update_session", {"limits": {"max_duration": seconds}})
    assert isinstance(command, UpdateSession)
    assert command.limits is not None
    assert command.limits.max_duration is not None
    assert command.limits.max_duration.total_seconds() == seconds
    assert UpdateSession.model_validate_json(command.model_dump_json()) == command


def test_a_limit_is_rounded_to_milliseconds() -> None:
    command = read("update_session", {"limits": {"max_duration": 1.23456}})
    assert isinstance(command, UpdateSession)
    assert UpdateSession.model_validate_json(command.model_dump_json()) == command
