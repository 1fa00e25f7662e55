"""The person speaks into an answer: how long more of it comes, and that nothing comes after that.

At any moment; and at the worst, while a sentence that was told is being spoken.
"""

import asyncio
import random
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter

import httpx2

from bench.figures import Row, percentile, spread
from bench.spoken_profiles import SPOKEN
from bench.spoken_turn import begun, sentences
from tests.heard import ANNOUNCEMENTS
from tests.system import System
from tests.viewer import events

BARGE_INS = 25
SENTENCES = 60
TOKENS_PER_SECOND = 50
LONGEST_WAIT_SECONDS = 1.5
"""Until the person interrupts, from the first sentence that could be heard."""
SYNTHESIS_SECONDS = 0.1
"""At the worst moments, of each sentence."""
AFTERWARDS_SECONDS = 0.7
"""In which something could still come."""
PATIENCE_SECONDS = 30.0
TARGET_SECONDS = 0.2
CHUNKS = {"message.delta", "sentence", *ANNOUNCEMENTS}


@dataclass(frozen=True)
class Moment:
    """When the person interrupts: so long behind the `number`-th event of a kind."""

    behind: str
    number: int
    wait_seconds: float


@dataclass
class BargeIn:
    """One of them, on the clock of `perf_counter`."""

    moment: Moment
    asked: float = 0.0
    chunks: list[float] = field(default_factory=list)
    """Arrivals of what is told and announced of the answer."""
    interrupted: float = 0.0
    """Arrival of `interruption`."""
    after: int = 0
    """Chunks behind it."""
    due: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last_chunk(self) -> float:
        """From the asking; 0 when nothing came any more."""
        return max(self.chunks[-1] - self.asked, 0.0)

    async def view(self, http: httpx2.AsyncClient, session_id: str) -> None:
        """Note what arrives."""
        waiting = self.moment.number
        async with aclosing(events(http, session_id)) as stream:
            async for event in stream:
                self.note(event["type"])
                waiting -= event["type"] == self.moment.behind
                if waiting <= 0:
                    self.due.set()

    def note(self, kind: str) -> None:
        """Something arrived."""
        if kind == "interruption":
            self.interrupted = perf_counter()
            self.told.set()
        elif kind in CHUNKS:
            self.chunks.append(perf_counter())
            self.after += self.told.is_set()


async def measure(system: System) -> list[Row]:
    text = " ".join(sentences(SENTENCES, "interruptions"))
    await system.script(text=text, tokens_per_second=TOKENS_PER_SECOND, first_token_delay=0, times=None)
    at_any_moment = await _row(system, "at any moment", "speech.ready", LONGEST_WAIT_SECONDS)
    await system.script_speech(delay=SYNTHESIS_SECONDS, times=None)
    at_the_worst = await _row(system, "while a sentence is synthesized", "sentence", SYNTHESIS_SECONDS)
    await system.forget_script()
    await system.forget_speech_script()
    return [at_any_moment, at_the_worst]


async def _row(system: System, when: str, behind: str, longest_wait: float) -> Row:
    """Barge-ins within `longest_wait` seconds of the first or second event `behind`."""
    dice = random.Random(7)
    async with system.http() as http:
        seen = [
            await _one(http, Moment(behind, dice.randint(1, 2), dice.uniform(0, longest_wait)))
            for _ in range(BARGE_INS)
        ]
    lags = [each.last_chunk for each in seen]
    told = [each.interrupted - each.asked for each in seen]
    after = sum(each.after for each in seen)
    return Row(
        f"barge-in → last chunk, {BARGE_INS} {when}, {TOKENS_PER_SECOND} tokens/s",
        f"{spread(lags)}; {after} chunks behind `interruption`",
        f"`interruption` itself: {spread(told)}",
        f"p95 ≤ {TARGET_SECONDS * 1000:.0f} ms; 0",
        percentile(lags, 0.95) <= TARGET_SECONDS and after == 0,
    )


async def _one(http: httpx2.AsyncClient, moment: Moment) -> BargeIn:
    session_id = await begun(http, SPOKEN)
    await http.post(f"/v1/sessions/{session_id}/messages", json={"content": "go on"})
    seen = BargeIn(moment)
    viewing = asyncio.create_task(seen.view(http, session_id))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await seen.due.wait()
        await asyncio.sleep(moment.wait_seconds)
        seen.asked = perf_counter()
        answer = await http.post(f"/v1/sessions/{session_id}/barge_in", json={"turn": 1})
        answer.raise_for_status()
        await seen.told.wait()
        await asyncio.sleep(AFTERWARDS_SECONDS)
    viewing.cancel()
    await asyncio.gather(viewing, return_exceptions=True)
    await http.delete(f"/v1/sessions/{session_id}")
    return seen
