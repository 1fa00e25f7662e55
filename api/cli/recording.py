"""Sentences' audio put one behind the other, into one WAV file.

Owns the file, which can be played at any moment; must not know where the audio comes from.
"""

import io
import wave
from pathlib import Path
from types import TracebackType
from typing import Self

from api.cli.errors import RefusedError


class Recording:
    """A WAV file that grows; begun with the first sentence, whose format all others must have."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: wave.Wave_write | None = None
        self.seconds = 0.0
        self.sentences = 0

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()

    def add(self, audio: bytes) -> None:
        """Put the WAV file `audio` behind what is there. Raises RefusedError."""
        with wave.open(io.BytesIO(audio)) as sentence:
            if self._file is None:
                self._file = self._begun(sentence)
            if sentence.getparams()[:3] != self._file.getparams()[:3]:
                raise RefusedError("The voice has changed its sample rate; start another recording.", "")
            # The header is written anew with every sentence: whoever stops listening has a whole file.
            self._file.writeframes(sentence.readframes(sentence.getnframes()))
            self.seconds += sentence.getnframes() / sentence.getframerate()
            self.sentences += 1

    def _begun(self, like: wave.Wave_read) -> wave.Wave_write:
        try:
            file = wave.open(str(self._path), "wb")  # noqa: SIM115  open for as long as somebody listens
        except OSError as error:
            raise RefusedError(f"{self._path} cannot be written: {error.strerror}.", "") from error
        file.setparams(like.getparams()._replace(nframes=0))
        return file
