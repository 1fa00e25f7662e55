"""One guided spoken session while parts of its system are killed, and what became of it.

Owns the run: one viewer that hangs up now and then, and kills at moments that a seed draws. What is right is
`spoken_verdict`'s.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter
from typing import Any, Final

import httpx2

from activities.speakable import speakable
from activities.store.audio import audio_id
from activities.store.cursor import Cursor
from activities.wav import Wav, WavError
from tests.heard import ANNOUNCEMENTS, Heard
from tests.reducer import Reducer
from tests.spoken_session import NAME, PLAN, SENTENCES, SLOW, TOKENS_PER_SECOND, answers
from tests.spoken_verdict import Evidence, complaints
from tests.system import System
from tests.viewer import watch
from workers.settings import DEFAULT_SPEECH_MODEL, DEFAULT_VOICE

BETWEEN_KILLS_SECONDS: Final = (0.3, 4.0)
CONNECTION_SECONDS: Final = (0.5, 5.0)
PATIENCE_SECONDS: Final = 100.0
SYNTHESIS_SECONDS: Final = 0.2
"""Of the voice, so that kills hit sentences that are being spoken, too."""
SLOW_SYNTHESIS_SECONDS: Final = 0.8
"""Of a few, so that those behind them are ready first."""
_HEARD_OF: Final = {"sentence", *ANNOUNCEMENTS}


@dataclass
class Run:
    """What one viewer saw, and what was killed meanwhile."""

    session_id: str
    heard: Heard = field(default_factory=Heard)
    held: Reducer = field(default_factory=Reducer)
    arrivals: list[float] = field(default_factory=list)
    """Of sentences and announcements, on the clock of `perf_counter`."""
    epochs: set[int] = field(default_factory=set)
    """Of the log: another one begins when something of it was lost."""
    killed: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    broken_audio: dict[int, str] = field(default_factory=dict)

    @property
    def longest_pause(self) -> float:
        """Between two things that the viewer was told or could hear; seconds."""
        return max((after - before for before, after in pairwise(self.arrivals)), default=0.0)


async def run(system: System, seed: int, parts: Sequence[str], kills: int) -> Run:
    """A session from its start to its end, while one of `parts` is killed so many times."""
    dice = random.Random(seed)  # noqa: S311 - moments that can be drawn again
    await _script(system)
    async with system.http() as http:
        seen = Run((await http.post("/v1/sessions", json={"profile": NAME})).json()["session_id"])
        killing = asyncio.create_task(_kill(system, dice, parts, kills, seen.killed))
        try:
            await _follow(http, dice, seen)
        finally:
            killing.cancel()
            with suppress(asyncio.CancelledError):
                await killing
        await _judge(http, seen)
    await system.forget_model_calls()
    await system.forget_speech_script()
    return seen


async def _script(system: System) -> None:
    await system.forget_model_calls()
    await system.forget_speech_script()
    for text in answers():
        await system.script(text=text, tokens_per_second=TOKENS_PER_SECOND)
    await system.script_speech(contains=SLOW, delay=SLOW_SYNTHESIS_SECONDS, times=None)
    await system.script_speech(delay=SYNTHESIS_SECONDS, times=None)


async def _kill(
    system: System, dice: random.Random, parts: Sequence[str], kills: int, killed: list[str]
) -> None:
    """Each is started again at once, as `perdure up` does."""
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(*BETWEEN_KILLS_SECONDS))
        name = dice.choice(parts)
        system.parts[name].kill()
        system.restart(name)
        killed.append(name)


async def _follow(http: httpx2.AsyncClient, dice: random.Random, seen: Run) -> None:
    """Hold what the session shows until it is over; hang up now and then, and come back."""
    hang_up_at = 0.0

    def enough(held: Reducer, event: dict[str, Any]) -> bool:
        seen.heard.feed(event)
        cursor = Cursor.parse(event["cursor"])
        seen.epochs |= {cursor.epoch} if cursor else set()
        if event["type"] in _HEARD_OF:
            seen.arrivals.append(perf_counter())
        return held.ended is not None or perf_counter() >= hang_up_at

    async with asyncio.timeout(PATIENCE_SECONDS):
        while seen.held.ended is None:
            hang_up_at = perf_counter() + dice.uniform(*CONNECTION_SECONDS)
            await watch(http, seen.session_id, enough, seen.held, PATIENCE_SECONDS)


async def _judge(http: httpx2.AsyncClient, seen: Run) -> None:
    page = await _patiently(http, f"/v1/sessions/{seen.session_id}/messages?limit=200")
    for each in seen.heard.ready:
        fault = await _fault_of_audio(http, each, seen.heard)
        if fault is not None:
            seen.broken_audio[each["sentence_index"]] = fault
    if len(seen.epochs) != 1:
        seen.complaints.append(f"the log was lost: epochs {seen.epochs}")
    seen.complaints += complaints(
        Evidence(
            heard=seen.heard,
            end_reason=seen.held.ended,
            transcript=page.json()["items"],
            answers=answers(),
            plan=PLAN,
            sentences=SENTENCES,
            broken_audio=seen.broken_audio,
        )
    )


async def _fault_of_audio(http: httpx2.AsyncClient, announced: Any, heard: Heard) -> str | None:
    """What is wrong with the audio of an announcement: it has to be there, whole, and of that sentence."""
    answer = await _patiently(http, announced["url"])
    if answer.status_code != httpx2.codes.OK:
        return f"status {answer.status_code}"
    texts = {sentence["index"]: sentence["text"] for sentence in heard.told}
    text = speakable(texts.get(announced["sentence_index"], ""))
    if announced["audio_id"] != audio_id(text, DEFAULT_SPEECH_MODEL, DEFAULT_VOICE, 1.0):
        return f"it does not say {text!r}"
    try:
        wav = Wav.parse(answer.content)
    except WavError as error:
        return str(error)
    if wav.duration_ms != announced["duration_ms"] or wav.is_silent:
        return f"{wav.duration_ms} ms (silent: {wav.is_silent}), announced as {announced['duration_ms']} ms"
    return None


async def _patiently(http: httpx2.AsyncClient, url: str) -> httpx2.Response:
    """The answer, as soon as everything that was killed is back."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(httpx2.HTTPError):
                answer = await http.get(url)
                if answer.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                    return answer
            await asyncio.sleep(0.1)
