"""What was found wrong with the store, and what follows for the session.

Owns that consequence; must not know who found it, nor how.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from workflows.contract.errors import StoreFault
from workflows.contract.events import EpochStarted, Event, SpeechUnannounced
from workflows.contract.publication import Publication
from workflows.state.outbox import Outbox


@dataclass(frozen=True)
class StoreFinding:
    """A fault; of lost audio, the first sentence that was to be announced without it."""

    fault: StoreFault
    sentence_index: int = 0

    def mended(
        self, refused: Publication, outbox: Outbox, on_their_way: Sequence[Publication], now: datetime
    ) -> tuple[Event, ...]:
        """What has to happen, after the store refused a publication while others are on their way to it."""
        match self.fault:
            case StoreFault.EPOCH_LOST:
                return (EpochStarted(at=now),)
            case StoreFault.AUDIO_LOST:
                return self._spoken_again(refused, outbox, on_their_way, now)
            case StoreFault.TRANSCRIPT_MISSING:
                return ()
            case _:
                assert_never(self.fault)

    def _spoken_again(
        self, refused: Publication, outbox: Outbox, on_their_way: Sequence[Publication], now: datetime
    ) -> tuple[Event, ...]:
        silent = refused.announcement_of(self.sentence_index)
        if silent is None or silent not in outbox.entries:
            return ()  # it was taken back since, and is perhaps announced anew
        if any(silent in other.entries for other in on_their_way):
            # That one may arrive after all: only a new epoch keeps what it says apart.
            return (EpochStarted(at=now),)
        return (SpeechUnannounced(at=now, sentence_index=self.sentence_index),)
