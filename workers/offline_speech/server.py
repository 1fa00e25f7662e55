"""Owns the offline speech as a server: which paths it serves, and that it falls silent when it stops.

Must not take the process's signals: who runs it decides when it stops.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from workers.offline.control import control_routes
from workers.offline.serving import serving
from workers.offline_speech.espeak import Espeak
from workers.offline_speech.library import EspeakMissingError
from workers.offline_speech.routes import routes
from workers.offline_speech.settings import SpeechSettings
from workers.offline_speech.speaker import Speaker

__all__ = ["EspeakMissingError", "OfflineSpeechServer", "SpeechSettings", "running"]


@dataclass(frozen=True)
class OfflineSpeechServer:
    """A server that accepts requests."""

    url: str
    """What OPENAI_SPEECH_BASE_URL takes: ends with `/v1`."""
    control_url: str
    """Where `/_script`, `/_requests`, `/_stats` and `/healthz` are."""


@asynccontextmanager
async def running(
    settings: SpeechSettings, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[OfflineSpeechServer]:
    """Serve until the block is left; port 0 takes a free one.

    OSError when no port is free, EspeakMissingError without espeak, ValueError for a language it has not.
    """
    speaker = Speaker(settings, Espeak())
    if not speaker.speaks(settings.default_language):
        raise ValueError(f"espeak has no language '{settings.default_language}'")
    async with serving([*routes(speaker), *control_routes(speaker)], host, port) as base:
        try:
            yield OfflineSpeechServer(url=f"{base}/v1", control_url=base)
        finally:
            await speaker.close()
