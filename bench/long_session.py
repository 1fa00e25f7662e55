"""A session of 3,000 messages: how long its runs' histories get, and whether its turns get slower."""

from statistics import median
from time import perf_counter
from typing import Final

from temporalio.client import Client

from bench.figures import Row, in_ms
from tests.system import System
from tests.viewer import turn_over, watch
from workflows.contract.session import workflow_id

MESSAGES: Final = 3_000
TOKENS: Final = 20
SAMPLE: Final = 100
EVENTS_TARGET: Final = 4_096
SLOWER_TARGET: Final = 1.2


async def measure(system: System) -> Row:
    await system.script(tokens=TOKENS, tokens_per_second=0, first_token_delay=0, times=None)
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        seconds, held = [], None
        for number in range(1, MESSAGES + 1):
            began = perf_counter()
            await http.post(f"/v1/sessions/{session_id}/messages", json={"content": f"message {number}"})
            held = await watch(http, session_id, turn_over(number), held)
            seconds.append(perf_counter() - began)
    await system.forget_model_calls()
    start, end = median(seconds[SAMPLE : 2 * SAMPLE]), median(seconds[-SAMPLE:])
    longest = await _longest_run(await system.engine(), session_id)
    return Row(
        f"a session of {MESSAGES:,} messages: longest run's history; a turn at the end ÷ at the start",
        f"{longest} events; {end / start:.2f} ({in_ms(end)} ÷ {in_ms(start)})",
        "its own start",
        f"≤ {EVENTS_TARGET} events; ≤ {SLOWER_TARGET:g}",
        longest <= EVENTS_TARGET and end <= SLOWER_TARGET * start,
    )


async def _longest_run(engine: Client, session_id: str) -> int:
    """Events of it; of a run that still goes on, only its description knows them."""
    query = f"WorkflowId = '{workflow_id(session_id)}'"
    listed = [execution.history_length async for execution in engine.list_workflows(query)]
    last = await engine.get_workflow_handle(workflow_id(session_id)).describe()
    return max(*listed, last.history_length)
