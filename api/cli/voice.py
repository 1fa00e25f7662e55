"""Sentences out loud, one at a time.

Owns the file that a player plays, and how much of it was heard. Must not know which sentence comes next.
"""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from api.cli.announced import Sentence
from api.cli.playback_reports import PlaybackReports
from api.cli.player import Player

_MS: Final = 1000


class Voice:
    """A player with `folder` for its files."""

    def __init__(
        self, player: Player, folder: Path, reports: PlaybackReports, clock: Callable[[], float] = monotonic
    ) -> None:
        self._player = player
        self._folder = folder
        self._reports = reports
        self._clock = clock
        self._began: float | None = None

    @property
    def is_heard(self) -> bool:
        """Whether something plays now."""
        return self._began is not None

    @property
    def played_ms(self) -> int:
        """How long the player of this sentence has been running, in milliseconds."""
        return 0 if self._began is None else round((self._clock() - self._began) * _MS)

    async def speak(self, sentence: Sentence, audio: bytes) -> None:
        """Play the WAV file `audio`; whoever cancels this ends it at once. Raises PlayerFailedError."""
        path = self._folder / f"{sentence.index:04d}.wav"
        path.write_bytes(audio)
        self._began = self._clock()
        self._reports.started(sentence)
        try:
            await self._player.play(path)
        finally:
            self._began = None
            path.unlink(missing_ok=True)
        self._reports.finished(sentence)
