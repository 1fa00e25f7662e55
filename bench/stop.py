"""A stop: how long tokens still come, and whether what is kept is what was shown."""

import asyncio
import random
from contextlib import aclosing
from time import perf_counter

import httpx2
from tests.reducer import StrictReducer

from bench.figures import Row, in_ms, percentile
from tests.system import System
from tests.viewer import events

STOPS = 50
TARGET_SECONDS = 0.1


async def measure(system: System) -> Row:
    await system.script(tokens=2000, tokens_per_second=50, times=None)
    lags: list[float] = []
    same = 0
    async with system.http() as http:
        dice = random.Random(7)
        for _ in range(STOPS):
            lag, kept = await _one(http, dice)
            lags.append(lag)
            same += kept
    await system.forget_model_calls()
    p95 = percentile(lags, 0.95)
    return Row(
        f"stop → last token seen, {STOPS} stops at 50 tokens/s",
        f"p50 {in_ms(percentile(lags, 0.5))}, p95 {in_ms(p95)}; kept = shown {same} of {STOPS}",
        "a token every 20 ms",
        f"p95 ≤ {TARGET_SECONDS * 1000:.0f} ms; {STOPS} of {STOPS}",
        p95 <= TARGET_SECONDS and same == STOPS,
    )


async def _stop(http: httpx2.AsyncClient, url: str, wait_seconds: float) -> float:
    """Stop at a moment that no token sets; when it was sent."""
    await asyncio.sleep(wait_seconds)
    asked = perf_counter()
    await http.post(f"{url}/stop")
    return asked


async def _one(http: httpx2.AsyncClient, dice: random.Random) -> tuple[float, bool]:
    session = (await http.post("/v1/sessions", json={"message": {"content": "go"}})).json()
    url = f"/v1/sessions/{session['session_id']}"
    held = StrictReducer()
    last = 0.0
    deltas = 0
    stopping: asyncio.Task[float] | None = None
    async with aclosing(events(http, session["session_id"])) as stream:
        async for event in stream:
            held.apply(event)
            if event["type"] == "message.delta":
                last = perf_counter()
                shown = held.messages[event["message_id"]].text
                deltas += 1
            if deltas == 5 and stopping is None:
                stopping = asyncio.create_task(_stop(http, url, dice.uniform(0, 0.1)))
            if event["type"] in {"turn.stopped", "turn.completed"}:
                break
    assert stopping is not None
    asked = await stopping
    kept = (await http.get(f"{url}/messages?order=desc&limit=1")).json()["items"][0]
    await http.delete(url)
    return max(last - asked, 0.0), kept["content"] == shown and kept["status"] == "stopped"
