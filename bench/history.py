"""What a plain turn of 300 tokens costs in workflow history, whoever watches and however long it goes on."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from temporalio.api.enums.v1 import EventType

from bench.figures import Row
from tests.system import System
from tests.viewer import events, turn_over, watch
from workflows.contract.session import workflow_id

TOKENS = 300
TURNS = 50
VIEWERS = 12
EVENTS_TARGET = 16
BYTES_TARGET = 4096


@dataclass(frozen=True)
class Cost:
    """Of one turn."""

    events: int
    bytes: int
    text: int

    @property
    def met(self) -> bool:
        return self.events <= EVENTS_TARGET and self.bytes <= BYTES_TARGET + 2 * self.text


async def measure(system: System) -> list[Row]:
    await system.script(tokens=TOKENS, times=None)
    rows = []
    for viewers in (0, VIEWERS):
        costs = await _session(system, viewers)
        rows += [_row(costs[turn], viewers, turn) for turn in (2, TURNS)]
    await system.forget_model_calls()
    return rows


def _row(cost: Cost, viewers: int, turn: int) -> Row:
    return Row(
        f"history of turn {turn}, {viewers} viewers, {TOKENS} tokens",
        f"{cost.events} events, {cost.bytes} bytes",
        f"its text: {cost.text} bytes",
        f"≤ {EVENTS_TARGET} events, ≤ {BYTES_TARGET + 2 * cost.text} bytes",
        cost.met,
    )


async def _session(system: System, viewers: int) -> dict[int, Cost]:
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        watching = [asyncio.create_task(_drain(http, session_id)) for _ in range(viewers)]
        for number in range(1, TURNS + 1):
            await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go on"})
            held = await watch(http, session_id, turn_over(number))
        await asyncio.sleep(0.5)
        for task in watching:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    text = len(held.messages[f"a-{TURNS}.1"].text.encode())
    return await _costs(system, session_id, text)


async def _drain(http: Any, session_id: str) -> None:
    async for _ in events(http, session_id):
        pass


async def _costs(system: System, session_id: str, text: int) -> dict[int, Cost]:
    """The history between one message's signal and the next, a turn each."""
    engine = await system.engine()
    history = await engine.get_workflow_handle(workflow_id(session_id)).fetch_history()
    signals = [
        index
        for index, event in enumerate(history.events)
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]
    costs = {}
    for turn, (start, end) in enumerate(zip(signals, [*signals[1:], len(history.events)], strict=True), 1):
        own = history.events[start:end]
        costs[turn] = Cost(len(own), sum(event.ByteSize() for event in own), text)
    return costs
