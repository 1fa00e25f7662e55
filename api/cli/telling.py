"""Events told to a person, at once or at the pace of the voice.

Owns the choice, and when it is looked again what may be told. Must not know what telling is.
"""

from collections.abc import Callable, Iterable

from api.cli.announced import Sentence
from api.cli.pace import Pace
from api.cli.reducer import Event


class Telling:
    """Gives events to `tell`, in their order."""

    def __init__(self, tell: Callable[[Event], None], *, is_paced: bool) -> None:
        self._tell = tell
        self._pace = Pace() if is_paced else None

    @property
    def words_wait(self) -> bool:
        """Whether there are words that wait for the voice."""
        return self._pace is not None and self._pace.waits

    def take(self, event: Event) -> None:
        """An event came."""
        if self._pace is None:
            self._tell(event)
        else:
            self._pace.take(event)

    def began(self, sentence: Sentence) -> None:
        """The sentence begins to be heard."""
        if self._pace is not None:
            self._pace.begin(sentence.index)
            self.look(is_playing=True)

    def ended(self, sentence: Sentence) -> None:
        """The sentence was heard, or never will be."""
        if self._pace is not None:
            self._pace.end(sentence.index)
            self.look(is_playing=True)

    def look(self, *, is_playing: bool) -> None:
        """Tell what may be told now; `is_playing`: whether there is something to be heard."""
        if self._pace is not None:
            self._give(self._pace.due(is_playing=is_playing))

    def tell_all(self) -> None:
        """Tell what waits for the voice: it will not be heard."""
        if self._pace is not None:
            self._give(self._pace.open())

    def give_up_pace(self) -> None:
        """There is no voice any more."""
        self.tell_all()
        self._pace = None

    def _give(self, events: Iterable[Event]) -> None:
        for event in events:
            self._tell(event)
