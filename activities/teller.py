"""From a provider's text to sentences that may be told.

Owns the cutting, the place of the safety filter, and when enough is told. Raw text stays here. Must not write
(`told_answer`), nor know the provider's protocol.
"""

from collections import deque
from contextlib import aclosing
from dataclasses import replace

from activities.safety.filter import SafetyFilter
from activities.safety.sentences import FilteredSentences
from activities.sentences import SentenceSplitter
from activities.told_answer import Place, ToldAnswer
from workflows.contract.model_call import Sentences


class Teller:
    """Tells one response as `told` asks, from where `answer` stands."""

    def __init__(
        self,
        answer: ToldAnswer,
        told: Sentences,
        safety: SafetyFilter | None = None,
        *,
        ends_with_a_flag: bool = False,
    ) -> None:
        self._answer = answer
        self._ends_with_a_flag = ends_with_a_flag
        """Whether nothing is said behind a sentence that the filter did not let through."""
        self._splitter = SentenceSplitter(told.language)
        self._filtered = FilteredSentences(safety) if safety else None
        self._deltas = deque([answer.place])
        """Places at which the provider's events ended, the first of them before what was not cut yet."""
        self._skip = answer.place.skip
        self._cut_until = answer.place.length
        self._flagged = answer.place.flagged
        self._began_verbatim = answer.place.length == answer.length
        """Whether what was told before is the response's beginning, and nothing else."""
        self._offered: deque[Place] = deque()
        self._room = None if told.most is None else max(told.most - answer.sentences, 0)
        """Sentences that may still be told."""
        self.cut = False
        """Whether the model had more to say."""

    @property
    def cursor(self) -> int | None:
        """The provider's last event that was heard."""
        return self._deltas[-1].cursor

    def opened(self, response_id: str, cursor: int) -> None:
        """The provider has begun, with the event `cursor`."""
        self._answer.opened(response_id, cursor)
        if self.cursor is None:
            self._deltas = deque([Place(cursor)])

    @property
    def is_verbatim(self) -> bool:
        """Whether what was told is the response's whole text, and nothing else."""
        return self._began_verbatim and not self._flagged and not self.cut

    def heard(self, text: str, cursor: int | None) -> None:
        """The provider said `text`, with the event `cursor`."""
        new, self._skip = text[self._skip :], max(self._skip - len(text), 0)
        last = self._deltas[-1]
        self._deltas.append(Place(cursor, last.heard + len(text)))
        for piece in self._splitter.feed(new):
            self._offer(piece)
        self.cut |= self._room == 0 and bool(self._splitter.waiting.strip())

    def heard_whole(self, text: str) -> None:
        """The provider's text so far is `text`."""
        known = self._deltas[-1]
        self.heard(text[known.heard :], known.cursor)

    def finish(self) -> None:
        """The response is complete."""
        for piece in self._splitter.finish():
            self._offer(piece)
        if self._filtered:
            self._filtered.close()

    def _offer(self, piece: str) -> None:
        if self.cut:
            return
        self._cut_until += len(piece)
        place = self._place_of(self._cut_until)
        if self._filtered is None:
            self._tell(piece, place)
        else:
            self._offered.append(place)
            self._filtered.offer(piece)

    def _place_of(self, length: int) -> Place:
        """The place behind `length` code points of the provider's text."""
        while len(self._deltas) > 1 and self._deltas[1].heard <= length:
            self._deltas.popleft()
        before = self._deltas[0]
        return Place(before.cursor, before.heard, length - before.heard)

    async def keep_telling(self) -> None:
        """Tell what the filter lets through, until everything is told. Raises FilterUnavailableError."""
        if self._filtered is None:
            return
        async with aclosing(aiter(self._filtered)) as checked:
            async for _, verdict in checked:
                self._flagged += verdict.flagged_by is not None
                self.cut |= self._flagged > 0 and self._ends_with_a_flag
                self._tell(verdict.text or "", self._offered.popleft())

    def _tell(self, sentence: str, place: Place) -> None:
        if self._room is not None and sentence:
            if self._room == 0:
                self.cut = True
                return
            self._room -= 1
        self._answer.tell(sentence, replace(place, flagged=self._flagged))
