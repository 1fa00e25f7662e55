"""A filtered session on the real engine, store and moderation endpoint: what nobody may hear is nowhere."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.workflow.conftest import Talk
from workflows.contract.safety import Safety, SafetyPolicy, SafetyRule

Start = Callable[..., Any]
FORBIDDEN = "you are worthless"
RULE = SafetyRule(name="no-lottery", pattern="lottery")
SAID = f"A quiet word. He said {FORBIDDEN} and left. The lottery is open. A last word."


def safety(**fields: Any) -> dict[str, Any]:
    return {"safety": Safety(rules=(RULE,), **{"replacement": "Let us go on.", "strikes": None, **fields})}


def heard(session: Talk) -> list[str]:
    return [event["text"].strip() for event in session.seen("message.delta")]


async def nothing_forbidden_was_written(session: Talk) -> None:
    """Neither in the log nor in the engine's history."""
    history = (await session.handle.fetch_history()).to_json()
    assert not [event for event in session.events if FORBIDDEN in str(event) or "lottery" in str(event)]
    assert FORBIDDEN not in history


async def test_flagged_sentences_are_replaced(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **safety())
    await session.until("turn.completed")
    assert heard(session) == ["A quiet word.", "Let us go on.", "Let us go on.", "A last word."]
    assert [event["index"] for event in session.seen("sentence")] == [0, 1, 2, 3]
    await nothing_forbidden_was_written(session)
    [_, answer] = await session.query("transcript")
    assert answer["sentences"]["ends"][-1] == len(answer["content"])


async def test_flagged_sentences_are_dropped_and_take_no_index(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **safety(policy=SafetyPolicy.DROP))
    await session.until("turn.completed")
    assert heard(session) == ["A quiet word.", "A last word."]
    assert [event["index"] for event in session.seen("sentence")] == [0, 1]
    await nothing_forbidden_was_written(session)


async def test_too_many_strikes_end_the_session(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **safety(strikes=3))
    await session.until("turn.completed")
    await script(text="Buy a lottery ticket. It is fun.")
    await session.say("again", "m2")
    assert (await session.ended())["reason"] == "safety"
    assert session.seen("turn.stopped")[0]["reason"] == "session_ended"
    assert heard(session)[-2:] == ["Let us go on.", "It is fun."]


async def test_a_strict_profile_ends_with_the_first_flag(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **safety(policy=SafetyPolicy.END))
    assert (await session.ended())["reason"] == "safety"
    assert heard(session) == ["A quiet word."]
    await nothing_forbidden_was_written(session)


async def test_a_filter_that_is_away_lets_nothing_through_and_is_tried_again(
    talk: Start, script: Start
) -> None:
    await script(on="moderate", status=503, times=None)
    await script(text=SAID, times=None)
    session = await talk("go", **safety(timeout=0.3))
    retrying = await session.until("turn.retrying")
    assert retrying["reason"] == "overloaded"
    assert heard(session) == []
    await session.signal("close")
    await session.ended()
    assert heard(session) == []


async def test_what_was_altered_is_sent_anew_instead_of_continued(
    talk: Start, script: Start, calls: Callable[[], Any]
) -> None:
    await script(text=SAID)
    session = await talk("go", **safety())
    await session.until("turn.completed")
    await session.say("and now?", "m2")
    await session.until("turn.completed", turn=2)
    body = (await calls())[-1]
    assert body.get("previous_response_id") is None
    assert FORBIDDEN not in str(body["input"])
    assert [item["role"] for item in body["input"]] == ["user", "assistant", "user"]


@pytest.mark.parametrize("said", ["Nothing is wrong here. Not at all."])
async def test_what_passes_goes_on_with_the_stored_response(
    talk: Start, script: Start, calls: Callable[[], Any], said: str
) -> None:
    await script(text=said)
    session = await talk("go", **safety())
    await session.until("turn.completed")
    await session.say("and now?", "m2")
    await session.until("turn.completed", turn=2)
    assert (await calls())[-1]["previous_response_id"]
