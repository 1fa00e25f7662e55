"""From a sentence to its audio, beside bare synthesis; and from a message to the first of each."""

from statistics import median

from bench.bare_synthesis import bare_synthesis
from bench.figures import Row, in_ms, percentile, spread
from bench.spoken_profiles import SPOKEN
from bench.spoken_turn import begun, sentences, spoken_turn
from tests.system import System

TURNS = 6
SENTENCES = 10
TOKENS_PER_SECOND = 30
"""Faster than anybody listens: a sentence every half second."""
FIRST_ROUNDS = 15
WARM_UP = 2


async def measure(system: System) -> list[Row]:
    return [await _sentence_to_audio(system), await _first_audio(system)]


async def _sentence_to_audio(system: System) -> Row:
    ours: list[float] = []
    bare: list[float] = []
    async with system.http() as http:
        session_id = await begun(http, SPOKEN)
        for number in range(TURNS):
            told = sentences(SENTENCES, f"turn {number}")
            await system.script(text=" ".join(told), tokens_per_second=TOKENS_PER_SECOND)
            ours += (await spoken_turn(http, session_id)).delays
            bare += await bare_synthesis(system, told)
    ratio = median(ours) / median(bare)
    return Row(
        f"sentence → audio ready at a viewer, {len(ours)} sentences ÷ bare synthesis",
        f"{ratio:.2f} ({spread(ours)})",
        f"the same sentences straight from the voice: {spread(bare)}",
        "told, not set",
        met=True,
    )


async def _first_audio(system: System) -> Row:
    texts: list[float] = []
    audio: list[float] = []
    async with system.http() as http:
        session_id = await begun(http, SPOKEN)
        for number in range(FIRST_ROUNDS + WARM_UP):
            told = " ".join(sentences(2, f"round {number}"))
            await system.script(text=told, tokens_per_second=TOKENS_PER_SECOND, first_token_delay=0)
            turn = await spoken_turn(http, session_id)
            if number >= WARM_UP:
                texts.append(turn.first_sentence)
                audio.append(turn.first_audio)
    added = median(audio) - median(texts)
    return Row(
        f"message → first audio, {FIRST_ROUNDS} turns at {TOKENS_PER_SECOND} tokens/s",
        f"{spread(audio)}; {in_ms(added)} behind the first sentence",
        f"first sentence: p50 {in_ms(median(texts))}, p95 {in_ms(percentile(texts, 0.95))}",
        "told, not set",
        met=True,
    )
