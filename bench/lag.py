"""How long a token is under way to viewers over HTTP, beside viewers who read the provider's stream directly.

Each token says when it was generated. Readers are as thin as they can be: many of them share two cores with
everything they measure.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from itertools import chain
from time import perf_counter
from typing import Any, Final

from openai import AsyncOpenAI

from bench.figures import Row, in_ms, percentile
from bench.wire import connected
from tests.system import System

VIEWERS: Final = (1, 40, 200)
TOKENS: Final = 150
TOKENS_PER_SECOND: Final = 50
FIRST_TOKEN_SECONDS: Final = 2.0
P99_TARGETS: Final = {1: 0.010, 40: 0.040, 200: 0.150}
P50_TARGET: Final = 2.0
_OURS: Final = re.compile(rb'"offset":\d+,"text":"([0-9. ]+)"')
_DIRECT: Final = re.compile(rb'"delta":"([0-9. ]+)"')


async def measure(system: System) -> list[Row]:
    await system.script(
        tokens=TOKENS,
        tokens_per_second=TOKENS_PER_SECOND,
        first_token_delay=FIRST_TOKEN_SECONDS,
        stamped=True,
        times=None,
    )
    rows = [await _row(system, viewers) for viewers in VIEWERS]
    await system.forget_model_calls()
    return rows


async def _row(system: System, viewers: int) -> Row:
    floor = await _directly(system, viewers)
    ours = await _through_us(system, viewers)
    complete = sum(len(lags) == TOKENS for lags in ours)
    p50, p99 = _p50_and_p99(ours)
    floor_p50, floor_p99 = _p50_and_p99(floor)
    met = p50 <= P50_TARGET * floor_p50 and p99 <= P99_TARGETS[viewers] and complete == viewers
    return Row(
        f"token → viewer over HTTP at {TOKENS_PER_SECOND} tokens/s, {viewers} viewers",
        f"p50 {in_ms(p50)}, p99 {in_ms(p99)}; {complete} of {viewers} complete",
        f"directly: p50 {in_ms(floor_p50)}, p99 {in_ms(floor_p99)}",
        f"p50 ≤ {P50_TARGET:g} times directly; p99 ≤ {in_ms(P99_TARGETS[viewers])}",
        met,
    )


def _p50_and_p99(lags: Sequence[list[float]]) -> tuple[float, float]:
    every = list(chain.from_iterable(lags))
    return percentile(every, 0.5), percentile(every, 0.99)


async def _directly(system: System, viewers: int) -> Sequence[list[float]]:
    openai = AsyncOpenAI(base_url=f"{system.model_url}/v1", api_key="offline")
    stream = await openai.responses.create(model="perdure-offline", input="go", background=True, stream=True)
    created: Any = await anext(aiter(stream))
    await stream.close()
    path = f"/v1/responses/{created.response.id}?stream=true"
    readers = [_lags(system.model_url, path, _DIRECT) for _ in range(viewers)]
    return await asyncio.gather(*readers)


async def _through_us(system: System, viewers: int) -> Sequence[list[float]]:
    async with system.http() as http:
        session_id = (await http.post("/v1/sessions", json={})).json()["session_id"]
        path = f"/v1/sessions/{session_id}/events?after=now"
        readers = [asyncio.create_task(_lags(system.api_url, path, _OURS)) for _ in range(viewers)]
        await asyncio.sleep(1)
        await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go"})
        lags = await asyncio.gather(*readers)
        await http.delete(f"/v1/sessions/{session_id}")
    return lags


async def _lags(url: str, path: str, pattern: re.Pattern[bytes]) -> list[float]:
    """Seconds from the generation of each token to its arrival at one reader."""
    lags: list[float] = []
    rest = b""
    async with connected(url) as connection, aclosing(connection.chunks(path)) as chunks:
        async for chunk in chunks:
            now = perf_counter()
            *lines, rest = (rest + chunk).split(b"\n")
            stamps = (stamp for line in lines for found in pattern.findall(line) for stamp in found.split())
            lags += [now - float(stamp) for stamp in stamps]
            if len(lags) >= TOKENS:
                break
    return lags
