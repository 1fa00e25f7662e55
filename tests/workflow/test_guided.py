"""Guided sessions on the real engine, store and offline model: sentences, phases and their clocks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.workflow.conftest import Talk
from workflows.contract.phases import Phase
from workflows.contract.profile import CallMode

Start = Callable[..., Any]
SETTINGS = ("effort", "pace", "skip_phase", "extend_phase")


def phases(*names: str, **more: Any) -> dict[str, Any]:
    fields = {"sentences": 6, "wind_down_at": 4, "instructions": "A meditation: {phase}."}
    return {"phases": tuple(Phase(name=name, **fields | more) for name in names), "settings": SETTINGS}


def told(session: Talk) -> list[str]:
    """The sentences, whose indices have no hole."""
    sentences = session.seen("sentence")
    assert [event["index"] for event in sentences] == list(range(len(sentences)))
    return [event["text"] for event in sentences]


@pytest.mark.parametrize("mode", CallMode)
async def test_a_whole_session_of_phases(talk: Start, mode: CallMode, calls: Callable[[], Any]) -> None:
    session = await talk(mode=mode, **phases("settling", "deepening", "return"))
    ended = await session.ended()
    assert ended["reason"] == "completed"
    assert [event["phase"] for event in session.seen("phase.started")] == ["settling", "deepening", "return"]
    assert [event["sentences"] for event in session.seen("phase.winding_down")] == [4, 4, 4]
    assert [event["sentences"] for event in session.seen("phase.completed")] == [6, 6, 6]
    assert len(told(session)) == 18
    whole = [event["text"] for event in session.seen("message.completed")]
    assert "".join(event["text"] for event in session.seen("message.delta")) == "".join(whole)
    assert len(whole) == 6
    bodies = await calls()
    chained = [body.get("previous_response_id") for body in bodies]
    if mode is CallMode.STATELESS:
        assert chained == [None] * 6
    else:
        assert chained[0] is None
        assert len(set(chained[1:])) == 5


async def test_a_sentence_is_told_when_it_is_complete_and_not_before(talk: Start, script: Start) -> None:
    await script(text="One is here. Two follows it! And three? ", tokens_per_second=20)
    session = await talk(**phases("settling"))
    await session.until("phase.winding_down")
    deltas = [event["text"] for event in session.seen("message.delta")]
    assert deltas[:3] == ["One is here. ", "Two follows it! ", "And three? "]
    assert [text.strip() for text in deltas[:3]] == told(session)[:3]


async def test_a_model_that_talks_too_much_is_cut_between_sentences(talk: Start, script: Start) -> None:
    await script(text="".join(f"Sentence number {n} of many. " for n in range(40)), tokens_per_second=200)
    session = await talk(**phases("settling"))
    await session.until("phase.winding_down")
    assert told(session)[:4] == [f"Sentence number {n} of many." for n in range(4)]
    assert session.seen("message.completed")[0]["text"].strip().endswith("number 3 of many.")


async def test_a_stop_waits_for_a_resumption(talk: Start, script: Start) -> None:
    await script(text="Slow is fine. " * 30, tokens_per_second=10)
    session = await talk(**phases("settling"))
    await session.until("sentence")
    await session.signal("stop_turn")
    await session.until("turn.stopped")
    before = len(told(session))
    await session.signal("resume")
    await session.until("phase.completed")
    assert (await session.ended())["reason"] == "completed"
    assert before < len(told(session)) <= 6
