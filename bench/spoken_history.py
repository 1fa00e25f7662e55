"""What a sentence costs in workflow history, in a guided session and in a talk, beside a plain turn."""

from bench.figures import Row
from bench.spoken_profiles import SPOKEN
from bench.spoken_turn import begun, sentences, spoken_turn
from tests.spoken_run import run
from tests.system import System
from tests.viewer import turn_over, watch
from workflows.contract.session import workflow_id

SENTENCES = 30
TURNS = 5
TOKENS_PER_SECOND = 30


async def history_events(system: System, session_id: str) -> int:
    """Of the session's latest run."""
    engine = await system.engine()
    return len((await engine.get_workflow_handle(workflow_id(session_id)).fetch_history()).events)


async def measure(system: System) -> list[Row]:
    guided, spoken, plain = await _guided(system), await _spoken(system), await _plain_turn(system)
    return [
        Row(
            "history events a sentence: guided session; a long spoken answer",
            f"{guided:.1f}; {spoken:.1f}, tokens never",
            f"a whole plain turn: {plain:.1f} events",
            "told, not set",
            met=True,
        )
    ]


async def _guided(system: System) -> float:
    """The whole session's history, its phases included."""
    seen = await run(system, 0, (), 0)
    assert not seen.complaints
    return await history_events(system, seen.session_id) / len(seen.heard.told)


async def _spoken(system: System) -> float:
    text = " ".join(sentences(SENTENCES, "history"))
    await system.script(text=text, tokens_per_second=TOKENS_PER_SECOND)
    async with system.http() as http:
        session_id = await begun(http, SPOKEN)
        before = await history_events(system, session_id)
        turn = await spoken_turn(http, session_id)
    return (await history_events(system, session_id) - before) / len(turn.told)


async def _plain_turn(system: System) -> float:
    await system.script(tokens=300, times=None)
    async with system.http() as http:
        session_id = await begun(http, "chat")
        before = await history_events(system, session_id)
        for number in range(1, TURNS + 1):
            await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go on"})
            await watch(http, session_id, turn_over(number))
    await system.forget_script()
    return (await history_events(system, session_id) - before) / TURNS
