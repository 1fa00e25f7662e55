"""One file of cases, two implementations: the command line's reducer and the browser's."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from api.cli.phase_progress import PhaseProgress, PlanProgress
from api.cli.reducer import Conversation
from tests.console.guesses import guessed_log
from tests.console.node import FOLDER, run

GUESSES = 1500
CASES: Sequence[dict[str, Any]] = json.loads((FOLDER / "reducer_cases.json").read_text("utf-8"))
each_case = pytest.mark.parametrize("number", range(len(CASES)), ids=[case["name"] for case in CASES])


def _progress(phase: PhaseProgress) -> dict[str, Any]:
    return {
        "phase": phase.name,
        "index": phase.index,
        "of": phase.of,
        "budget": phase.budget,
        "sentences": phase.sentences,
        "winding_down": phase.is_winding_down,
    }


def _in_python(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    held, plan = Conversation(), PlanProgress()
    for event in events:
        held = held.apply(event)
        plan = plan.after({"type": "", **event})
    return {
        "messages": [
            {"message_id": key, "role": message.role, "text": message.text, "status": message.status}
            for key, message in held.messages.items()
        ],
        "waiting": list(held.waiting),
        "turn": held.turn and held.turn.number,
        "end_reason": held.end_reason,
        "status": held.session.get("status"),
        "retry_attempt": held.turn.retry.attempt if held.turn and held.turn.retry else None,
        "sentences": plan.next_sentence,
        "progress": plan.phase and _progress(plan.phase),
    }


@pytest.fixture(scope="module")
def in_browser() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("run_cases.mjs", [case["events"] for case in CASES])
    return found


def _expected_of(found: Mapping[str, Any], expect: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, of what the case speaks about."""
    return {name: found[name] for name in expect}


@each_case
def test_python_holds_what_the_case_expects(number: int) -> None:
    case = CASES[number]
    assert _expected_of(_in_python(case["events"]), case["expect"]) == case["expect"]


@each_case
def test_the_browser_holds_what_the_case_expects(number: int, in_browser: list[dict[str, Any]]) -> None:
    expect = CASES[number]["expect"]
    assert _expected_of(in_browser[number], expect) == expect


@each_case
def test_both_agree_on_all_else(number: int, in_browser: list[dict[str, Any]]) -> None:
    assert in_browser[number] == _in_python(CASES[number]["events"])


def test_the_cases_have_names_of_their_own() -> None:
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names) >= 30


def test_both_make_the_same_of_any_events() -> None:
    logs = [guessed_log(seed) for seed in range(GUESSES)]
    for seed, (log, found) in enumerate(zip(logs, run("run_cases.mjs", logs), strict=True)):
        assert found == _in_python(log), f"seed {seed}"
