"""Sentences on their way from the page to the ear.

Owns which are being synthesized and which may be announced, in their order; must not know how a sentence is
told, nor what it says.
"""

from workflows.contract.base import Value
from workflows.contract.speech import Utterance


class Speaking(Value):
    """Counts of sentences, from the session's first one on."""

    told: int = 0
    """That somebody can read."""
    begun: int = 0
    """Whose synthesis was started."""
    announced: int = 0
    lost: int = 0
    """So many of them the store has known and lost: whoever speaks them must be told what they say."""
    unwanted: int = 0
    """So many of them nobody wanted to hear to the end."""
    owed: int = 0
    """So many of them were announced once: the announcement of some may have been taken back."""
    ready: dict[int, Utterance] = {}
    """By index, those that wait for one before them."""

    @property
    def pending(self) -> bool:
        """Whether a sentence that was told is still to be heard of."""
        return self.announced < self.told

    @property
    def is_owed(self) -> bool:
        """Whether a sentence that was announced already is still to be heard of."""
        return self.announced < self.owed

    @property
    def awaited(self) -> range:
        """Sentences whose synthesis somebody waits for."""
        return range(self.announced, self.begun)

    def to_begin(self, at_once: int) -> int | None:
        """The sentence whose synthesis starts now, if one does."""
        running = self.begun - self.announced - len(self.ready)
        return self.begun if self.begun < self.told and running < at_once else None

    @property
    def to_announce(self) -> Utterance | None:
        """What is heard of next, once it is ready."""
        return self.ready.get(self.announced)

    def knowing(self, told: int) -> "Speaking":
        """With `told` sentences on the page."""
        return self.model_copy(update={"told": max(self.told, told)})

    def beginning(self, index: int) -> "Speaking":
        """With the synthesis of a sentence started."""
        return self.model_copy(update={"begun": max(self.begun, index + 1)})

    def with_ready(self, index: int, utterance: Utterance) -> "Speaking":
        """With a sentence synthesized; one that nobody waits for any more is forgotten."""
        if not self.announced <= index < self.begun:
            return self
        return self.model_copy(update={"ready": {**self.ready, index: utterance}})

    def announcing(self, index: int) -> "Speaking":
        """With everything up to a sentence announced."""
        announced = max(self.announced, index + 1)
        ready = {place: found for place, found in self.ready.items() if place >= announced}
        begun, told = max(self.begun, announced), max(self.told, announced)
        return self.model_copy(update={"told": told, "begun": begun, "announced": announced, "ready": ready})

    def hushed(self) -> "Speaking":
        """With nothing being synthesized or waiting to be heard of: what goes on begins with synthesis."""
        return self.model_copy(update={"begun": self.announced, "ready": {}})

    def silenced(self) -> "Speaking":
        """With nothing left to be heard of what was told."""
        over = {"begun": self.told, "announced": self.told, "unwanted": self.told}
        return self.model_copy(update=over | {"ready": {}})

    def unannounced(self, index: int) -> "Speaking":
        """With no sentence from `index` on heard of; those that are wanted are spoken again."""
        announced = max(min(self.announced, index), self.unwanted)
        owed = max(self.owed, self.announced)
        back = {"begun": announced, "announced": announced, "owed": owed}
        return self.model_copy(update=back | {"ready": {}})

    def forgotten(self, settled: int, heard: int) -> "Speaking":
        """With the store knowing neither words nor audio; what was not `heard` yet is spoken again."""
        announced = min(self.announced, heard)
        owed = min(self.owed, settled)
        return Speaking(told=settled, begun=announced, announced=announced, lost=settled, owed=owed)
