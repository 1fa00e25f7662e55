"""An assistant message that is told in sentences: each one a delta of its own, and an event.

Owns how a sentence is written, and where in the provider's stream it ended: what is shown and what is
remembered go in one write. Must not cut sentences, nor judge them (`teller`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from activities.answer import Answer, NextEpoch
from activities.lines import Lines
from workflows.contract.events import SentenceTold
from workflows.contract.model_call import Sentences
from workflows.contract.session import MessageSentences


@dataclass(frozen=True)
class Place:
    """Where in a provider's text a sentence ended."""

    cursor: int | None = None
    """The last event that lies wholly before the place."""
    heard: int = 0
    """Code points of the text up to that event."""
    skip: int = 0
    """Code points behind it that are before the place, too."""
    flagged: int = 0
    """Sentences of the message that the safety filter did not let through as they were."""

    @property
    def length(self) -> int:
        """Code points of the provider's text before the place."""
        return self.heard + self.skip

    def __str__(self) -> str:
        return ",".join(map(str, astuple(self)[1:]))

    @classmethod
    def parse(cls, cursor: int | None, tail: str) -> "Place":
        """The place that was remembered as `cursor` and `tail`."""
        heard, skip, flagged = map(int, tail.split(",")) if tail else (0, 0, 0)
        return cls(cursor, heard, skip, flagged)


class ToldAnswer(Answer):
    """The message that one attempt of a step tells in sentences."""

    def __init__(self, lines: Lines, message_id: str, next_epoch: NextEpoch, told: Sentences) -> None:
        self.place = Place.parse(lines.remembered[1], lines.tail)
        super().__init__(lines, message_id, next_epoch)
        self.told = told
        """How it is told."""
        self._unsaid: list[tuple[str, Place]] = []
        self._shown = self.sentences
        """Sentences that viewers hold."""
        self._written = asyncio.Event()
        self._told_anew = False
        """Whether the log was lost, and who speaks the sentences has forgotten them, too."""

    @property
    def sentences(self) -> int:
        """How many viewers hold, or will when a write that is under way succeeds."""
        return len(self.deltas)

    def opened(self, response_id: str, cursor: int) -> None:
        """Remember, with the next write, that the provider has begun."""
        if self.place.cursor is None:
            self.place = replace(self.place, cursor=cursor)
        super().opened(response_id, cursor)

    async def more_told(self, than: int) -> int:
        """How many sentences of the session viewers hold, as soon as it is more than `than`, or told anew."""
        while self.told.first + self._shown <= than and not self._told_anew:
            self._written.clear()
            await self._written.wait()
        self._told_anew = False
        return self.told.first + self._shown

    async def _flush(self) -> bool:
        turn_ended = await super()._flush()
        self._shown = self.sentences
        self._written.set()
        return turn_ended

    async def _begin_anew(self) -> None:
        await super()._begin_anew()
        self._told_anew = True

    def tell(self, sentence: str, place: Place) -> None:
        """Say `sentence`, which ended at `place`, with the next write; an empty one is only remembered."""
        if self._ended:
            return
        self._unsaid.append((sentence, place))
        self._heard_something.set()

    def _say_what_was_heard(self) -> bool:
        unsaid, self._unsaid = self._unsaid, []
        for sentence, place in unsaid:
            self._offer_sentence(sentence)
            self.place = place
        self._remember()
        return any(sentence for sentence, _ in unsaid)

    def _remember(self) -> None:
        self._lines.remember(self.response_id, self.place.cursor, str(self.place))

    def _figures(self) -> dict[str, Any]:
        ends = tuple(accumulate(map(len, self.deltas)))
        told = MessageSentences(first=self.told.first, ends=ends, phase=self.told.phase)
        return {"sentences": told, "flagged": self.place.flagged}

    def _retell(self, deltas: Sequence[str]) -> None:
        for sentence in deltas:
            self._offer_sentence(sentence)

    def _offer_sentence(self, sentence: str) -> None:
        if not sentence:
            return
        index = self.told.first + self.sentences
        self._lines.offer(self._delta(sentence), sentence)
        told = SentenceTold(
            at=datetime.now(UTC),
            turn=self._turn,
            index=index,
            text=sentence.strip(),
            phase=self.told.phase,
        )
        self._lines.offer(told)

    def _forget_unsaid(self) -> None:
        """A response that is given up leaves what was told of it."""
        super()._forget_unsaid()
        self._unsaid.clear()
        self.place = Place(flagged=self.place.flagged)
