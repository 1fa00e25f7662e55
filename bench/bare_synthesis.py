"""The floor of speech: the same sentences, sent straight to the server of voices."""

from collections.abc import Sequence
from time import perf_counter

from openai import AsyncOpenAI

from tests.system import System
from workers.settings import DEFAULT_SPEECH_MODEL, DEFAULT_VOICE


async def bare_synthesis(system: System, texts: Sequence[str]) -> list[float]:
    """Seconds until the last byte of each, one after the other."""
    seconds = []
    async with AsyncOpenAI(base_url=f"{system.speech_url}/v1", api_key="offline") as openai:
        for text in texts:
            start = perf_counter()
            await openai.audio.speech.create(
                input=text, model=DEFAULT_SPEECH_MODEL, voice=DEFAULT_VOICE, response_format="wav"
            )
            seconds.append(perf_counter() - start)
    return seconds
