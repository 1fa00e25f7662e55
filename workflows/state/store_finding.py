"""What was found wrong with the store, and what follows for the session.

Owns that consequence; must not know who found it, nor how.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from workflows.contract.errors import StoreFault
from workflows.contract.events import EpochStarted, Event, SpeechUnannounced


@dataclass(frozen=True)
class StoreFinding:
    """A fault; of lost audio, the first sentence that was announced without it."""

    fault: StoreFault
    sentence_index: int = 0

    def mended(self, now: datetime) -> tuple[Event, ...]:
        """What has to happen."""
        match self.fault:
            case StoreFault.EPOCH_LOST:
                return (EpochStarted(at=now),)
            case StoreFault.AUDIO_LOST:
                return (SpeechUnannounced(at=now, sentence_index=self.sentence_index),)
            case StoreFault.TRANSCRIPT_MISSING:
                return ()
            case _:
                assert_never(self.fault)
