"""What a broken player or client says on the real engine: refused and recorded, and the session lives."""

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from tests.workflow.conftest import Talk
from tests.workflow.test_guided import phases
from tests.workflow.test_spoken import SPOKEN
from tests.workflow.test_voice import SAID, report, spoken_to_its_end, states
from workflows.contract.commands import MOST_EXACT

Start = Callable[..., Any]

STARTED = {"turn": 1, "sentence_index": 1, "played_ms": 0, "state": "started"}


async def card(session: Talk) -> str:
    """What an operator sees of the session."""
    found = await session.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(found.current_details)


@pytest.mark.parametrize(
    ("signal", "payload", "why"),
    [
        ("playback", STARTED | {"sentence_index": 4}, "playback: sentence 4 is not being played"),
        ("playback", STARTED | {"sentence_index": MOST_EXACT}, f"sentence {MOST_EXACT} is not being played"),
        ("playback", STARTED | {"turn": 2}, "playback: sentence 1 is of turn 1, not 2"),
        ("playback", STARTED | {"turn": MOST_EXACT}, f"sentence 1 is of turn 1, not {MOST_EXACT}"),
        ("barge_in", {"turn": 1, "sentence_index": 5}, "barge_in: sentence 5 was not announced"),
        ("barge_in", {"turn": 1, "sentence_index": 4, "played_ms": 1}, "sentence 4 was not announced"),
        ("barge_in", {"turn": 9, "sentence_index": 1}, "barge_in: sentence 1 is of turn 1, not 9"),
        ("barge_in", {"resume": True}, "there is no barge-in that could still be taken back"),
    ],
)
async def test_what_cannot_be_so_is_refused_and_recorded(
    talk: Start, script: Start, signal: str, payload: dict[str, Any], why: str
) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN)
    await spoken_to_its_end(session)
    before = states(session)
    await session.signal(signal, **payload)
    told = await card(session)
    assert "- refused 1, last " in told
    assert why in told
    await still_talks(session, before)


@pytest.mark.parametrize(
    ("signal", "payload"),
    [
        *(
            ("playback", STARTED | wrong)
            for wrong in (
                {"state": "dancing"},
                {"state": None},
                {"played_ms": -1},
                {"played_ms": 1e300},
                {"played_ms": MOST_EXACT + 1},
                {"played_ms": "100"},
                {"sentence_index": -1},
                {"sentence_index": True},
                {"turn": 0},
                {"turn": None},
                {"typo": 1},
            )
        ),
        ("playback", {}),
        ("barge_in", {}),
        ("barge_in", {"resume": True, "turn": 1}),
        ("barge_in", {"resume": "yes"}),
        ("listening", {}),
        ("listening", {"on": 1}),
    ],
)
async def test_what_cannot_be_read_changes_nothing(
    talk: Start, script: Start, signal: str, payload: dict[str, Any]
) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN)
    await spoken_to_its_end(session)
    before = states(session)
    await session.signal(signal, **payload)
    assert "- refused" not in await card(session)
    await still_talks(session, before)


async def test_a_player_beyond_the_end_of_a_sentence_is_at_its_end(talk: Start, script: Start) -> None:
    await script(text=SAID)
    session = await talk("go", **SPOKEN)
    await spoken_to_its_end(session)
    await report(session, 1, "started", MOST_EXACT)
    heard_ms = sum(event["duration_ms"] for event in session.seen("speech.ready")[:2])
    await session.signal("barge_in", turn=1, sentence_index=1, played_ms=MOST_EXACT)
    interruption = await session.until("interruption")
    assert interruption["heard_ms"] == heard_ms
    assert interruption["heard_text"].strip() == "One is here. Two follows it now."


async def still_talks(session: Talk, before: list[str]) -> None:
    await session.look()
    assert states(session) == before
    await report(session, 3, "finished")
    await session.until("voice.state_changed", old="speaking", new="waiting_for_input")
    await session.say("still there?", "m2")
    await session.until("turn.completed", turn=2)


@pytest.mark.parametrize("wish", [{"skip_phase": "nowhere"}, {"extend_phase": "nowhere"}, {"pace": "warp"}])
async def test_a_phase_that_does_not_exist_is_refused(
    talk: Start, script: Start, wish: dict[str, Any]
) -> None:
    await script(text="Slow is fine. " * 20, tokens_per_second=30)
    session = await talk(**phases("settling", "return"))
    await session.until("sentence")
    await session.say("on", "m1", settings=wish)
    assert (await session.until("message.rejected", message_id="m1"))["reason"] == "invalid_request"
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await session.handle.execute_update("update_session_now", {"settings": wish})
    assert isinstance(caught.value.cause, ApplicationError)
    assert caught.value.cause.type == "invalid_request"
    assert (await session.ended())["reason"] == "completed"
    assert [event["phase"] for event in session.seen("phase.completed")] == ["settling", "return"]
