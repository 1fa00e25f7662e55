"""Owns the running offline speech: its thread, its script, its ledger. Must not know HTTP."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from workers.offline.errors import Rejection
from workers.offline_speech.espeak import Espeak, Utterance
from workers.offline_speech.ledger import Ledger
from workers.offline_speech.script import Script
from workers.offline_speech.settings import SpeechSettings
from workers.offline_speech.wav import seconds_of

_UNAVAILABLE = 503


class Speaker:
    """One voice for all who ask, one text after the other; all calls belong to one event loop."""

    def __init__(self, settings: SpeechSettings, espeak: Espeak) -> None:
        self.settings = settings
        self.script = Script()
        self.ledger = Ledger(settings.kept_requests)
        self._espeak = espeak
        self._throat = ThreadPoolExecutor(1, thread_name_prefix="espeak")
        self._hushed = threading.Event()
        self._closing = asyncio.Event()

    @property
    def rate(self) -> int:
        """Samples per second."""
        return self._espeak.rate

    def speaks(self, language: str) -> bool:
        """Tell whether there is a voice for a language."""
        return language in self._espeak.languages

    async def say(self, utterance: Utterance) -> bytes:
        """Return the samples of an utterance; a 503 when the speaker is closed meanwhile."""
        self.ledger.stats.syntheses_started += 1
        samples = await asyncio.get_running_loop().run_in_executor(self._throat, self._speak, utterance)
        if self._hushed.is_set():
            raise _stopping()
        self.ledger.stats.syntheses_finished += 1
        self.ledger.stats.seconds += seconds_of(samples, self.rate)
        return samples

    async def wait(self, seconds: float) -> None:
        """Let time pass; a 503 when the speaker is closed meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        raise _stopping()

    async def close(self) -> None:
        """Fall silent in the middle of a word, and let all who wait go."""
        self._hushed.set()
        self._closing.set()
        await asyncio.to_thread(self._throat.shutdown)

    def _speak(self, utterance: Utterance) -> bytes:
        if self._hushed.is_set():
            return b""
        return self._espeak.say(utterance, go_on=lambda: not self._hushed.is_set())


def _stopping() -> Rejection:
    return Rejection("The offline speech is stopping.", status=_UNAVAILABLE)
