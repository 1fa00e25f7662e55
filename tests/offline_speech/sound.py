"""What a test hears: a WAV file taken apart, and how to ask for one."""

import array
import io
import math
import wave
from typing import Any, NamedTuple

from openai import AsyncOpenAI

SENTENCE = "Hello there, how are you today?"


class Sound(NamedTuple):
    rate: int
    samples: "array.array[int]"

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def energy(self) -> float:
        """Root mean square: 0 is silence, 32,767 the loudest there is."""
        return math.sqrt(sum(sample * sample for sample in self.samples) / len(self.samples))

    @property
    def pitch(self) -> float:
        """Hz of the strongest repetition between 60 and 400 Hz, in the middle of the loudest half second."""
        width = self.rate // 2
        starts = range(0, max(1, len(self.samples) - width), width // 4)
        start = max(starts, key=lambda at: sum(abs(sample) for sample in self.samples[at : at + width : 8]))
        part = self.samples[start : start + width : 2]
        rate = self.rate / 2
        lags = range(int(rate / 400), int(rate / 60))
        return rate / max(lags, key=lambda lag: sum(part[at] * part[at + lag] for at in range(0, 4000, 2)))


def heard(wav: bytes) -> Sound:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        samples = array.array("h", file.readframes(file.getnframes()))
        assert len(samples) == file.getnframes()
        return Sound(file.getframerate(), samples)


async def spoken(client: AsyncOpenAI, text: str = SENTENCE, voice: str = "alloy", **parameters: Any) -> bytes:
    asked = {"response_format": "wav"} | parameters
    answer = await client.audio.speech.create(model="espeak", input=text, voice=voice, **asked)
    return answer.content


async def sound(client: AsyncOpenAI, text: str = SENTENCE, voice: str = "alloy", **parameters: Any) -> Sound:
    return heard(await spoken(client, text, voice, **parameters))
