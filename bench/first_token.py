"""What a viewer over HTTP waits longer for the first token than one who calls the provider directly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from statistics import median
from time import perf_counter
from typing import Any

from openai import AsyncOpenAI

from bench.figures import Row, in_ms
from bench.floor import Floor
from tests.system import System
from tests.viewer import events

ROUNDS = 60
WARM_UP = 5
TARGET = 1.5


async def measure(system: System) -> Row:
    direct: list[float] = []
    floor: list[float] = []
    ours: list[float] = []
    openai = AsyncOpenAI(base_url=f"{system.model_url}/v1", api_key="offline")
    async with Floor(system) as bare, system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        async with aclosing(events(http, session_id, after="now")) as stream:
            for number in range(ROUNDS + WARM_UP):
                samples = (
                    await _directly(openai),
                    await bare.seconds(),
                    await _through_us(http, session_id, stream),
                )
                if number >= WARM_UP:
                    for kept, sample in zip((direct, floor, ours), samples, strict=True):
                        kept.append(sample)
    added = median(ours) - median(direct)
    ratio = added / median(floor)
    return Row(
        "added time to first token at a viewer ÷ the floor",
        f"{ratio:.2f} ({in_ms(added)} added: {in_ms(median(ours))} over {in_ms(median(direct))})",
        f"bare signal → activity → XREAD {in_ms(median(floor))}",
        f"≤ {TARGET}",
        ratio <= TARGET,
    )


async def _directly(openai: AsyncOpenAI) -> float:
    start = perf_counter()
    stream = await openai.responses.create(
        model="perdure-offline", input="hello", stream=True, background=True, reasoning={"effort": "high"}
    )
    first = 0.0
    async for event in stream:
        if event.type == "response.output_text.delta" and not first:
            first = perf_counter() - start
    return first


async def _through_us(http: Any, session_id: str, stream: AsyncIterator[dict[str, Any]]) -> float:
    start = perf_counter()
    sending = asyncio.create_task(http.post(f"/v1/sessions/{session_id}/messages", json={"content": "hello"}))
    first = 0.0
    async for event in stream:
        if event["type"] == "message.delta" and not first:
            first = perf_counter() - start
        if event["type"] == "session.status_changed" and event["new"] == "idle":
            break
    await sending
    return first
