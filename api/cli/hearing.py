"""What is heard, one sentence after the other: fetched a little ahead, recorded, played.

Owns the order, and what is still to be heard. Must not know why somebody does not want to hear it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from api.cli.announced import Sentence
from api.cli.player import PlayerFailedError
from api.cli.recording import Recording
from api.cli.telling import Telling
from api.cli.voice import Voice

Fetch = Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True)
class Position:
    """A place in what is heard."""

    sentence: Sentence
    played_ms: int


class Hearing:
    """Sentences in the order in which they are added.

    `telling` hears when each begins and ends; `on_failure` why nothing plays any more.
    """

    def __init__(
        self,
        fetch: Fetch,
        recording: Recording | None,
        voice: Voice | None,
        telling: Telling,
        on_failure: Callable[[PlayerFailedError], None],
    ) -> None:
        self._fetch = fetch
        self._recording = recording
        self._recorded: set[int] = set()
        self._voice = voice
        self._telling = telling
        self._on_failure = on_failure
        self._queue: deque[Sentence] = deque()
        self._fetched: dict[int, asyncio.Future[bytes]] = {}
        self._current: Sentence | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._last: Sentence | None = None
        self._is_held = False
        self._news = asyncio.Event()

    @property
    def plays(self) -> bool:
        """Whether sentences are heard as they are added."""
        return self._voice is not None

    @property
    def is_playing(self) -> bool:
        """Whether something is heard now."""
        return self._voice is not None and self._voice.is_heard

    @property
    def ahead(self) -> int:
        """Sentences that wait."""
        return len(self._queue)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to be heard."""
        return not (self._queue or self._current or self._is_held)

    @property
    def position(self) -> Position | None:
        """What is being heard; between two sentences, the end of the one before; None when all is over."""
        if self._current is not None and self._voice is not None and self._voice.is_heard:
            return Position(self._current, min(self._voice.played_ms, self._current.duration_ms))
        if self.is_over:
            return None
        if self._last is not None:
            return Position(self._last, self._last.duration_ms)
        return Position(self._current or self._queue[0], 0)

    def add(self, sentence: Sentence) -> None:
        """Let `sentence` be heard after all others."""
        self._queue.append(sentence)
        self._news.set()

    def hold(self) -> list[Sentence]:
        """End what plays, and begin nothing until `release`; what was not heard to its end."""
        self._is_held = True
        rest = [*([self._current] if self._current else ()), *self._queue]
        self._give_up(rest)
        return rest

    def release(self, rest: Sequence[Sentence] = ()) -> None:
        """Go on, with `rest` first."""
        self._is_held = False
        self._queue.extendleft(reversed(rest))
        self._news.set()

    def drop(self, turn: int) -> None:
        """Do not hear the rest of `turn`, nor of those before it."""
        waiting = [*([self._current] if self._current else ()), *self._queue]
        self._give_up([one for one in waiting if one.turn is not None and one.turn <= turn])
        self._news.set()

    async def hear(self) -> None:
        """Hear what is added, until cancelled. Raises RefusedError, NotReachableError."""
        try:
            while True:
                await self._until(lambda: bool(self._queue) and not self._is_held)
                await self._hear_next()
        finally:
            self._give_up([*([self._current] if self._current else ()), *self._queue])
            if self._hearing is not None:
                await asyncio.gather(self._hearing, return_exceptions=True)

    async def is_done(self) -> None:
        """Until there is nothing to be heard."""
        await self._until(lambda: self.is_over)

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._news.clear()
            await self._news.wait()

    async def _hear_next(self) -> None:
        self._current = self._queue.popleft()
        self._hearing = asyncio.create_task(self._hear(self._current))
        await asyncio.wait([self._hearing])
        self._current = None
        self._news.set()
        if not self._hearing.cancelled():
            self._hearing.result()

    async def _hear(self, sentence: Sentence) -> None:
        if sentence.audio_id is None or (self._recording is None and self._voice is None):
            self._telling.ended(sentence)
            return
        audio = await self._audio(sentence)
        self._record(sentence, audio)
        self._telling.began(sentence)
        if self._voice is not None:
            self._fetch_ahead()
            await self._speak(self._voice, sentence, audio)
        self._last = sentence
        self._telling.ended(sentence)

    async def _speak(self, voice: Voice, sentence: Sentence, audio: bytes) -> None:
        try:
            await voice.speak(sentence, audio)
        except PlayerFailedError as error:
            self._voice = None
            self._on_failure(error)

    def _record(self, sentence: Sentence, audio: bytes) -> None:
        if self._recording is not None and sentence.index not in self._recorded:
            self._recording.add(audio)
            self._recorded.add(sentence.index)

    async def _audio(self, sentence: Sentence) -> bytes:
        fetched = self._fetched.pop(sentence.index, None)
        return await (fetched or self._begun(sentence))

    def _fetch_ahead(self) -> None:
        """So that there is no pause between two sentences but that of the voice."""
        following = self._queue[0] if self._queue else None
        if following is not None and following.audio_id is not None and following.index not in self._fetched:
            self._fetched[following.index] = self._begun(following)

    def _begun(self, sentence: Sentence) -> asyncio.Future[bytes]:
        fetched = asyncio.ensure_future(self._fetch(sentence.audio_id or ""))
        # Whether it has failed matters only to one who wants to hear it.
        fetched.add_done_callback(lambda done: done.cancelled() or done.exception())
        return fetched

    def _give_up(self, sentences: Sequence[Sentence]) -> None:
        for sentence in sentences:
            if sentence is self._current and self._hearing is not None:
                self._last = sentence
                self._hearing.cancel()
            elif sentence in self._queue:
                self._queue.remove(sentence)
            fetched = self._fetched.pop(sentence.index, None)
            if fetched is not None:
                fetched.cancel()
