"""Listening to a session: its words on the terminal, its audio out loud or in a file.

Owns how somebody listens, interrupts and leaves. What is shown follows from the session's events alone. Must
not know how it is drawn (`desk`), nor how it is played (`hearing`).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from api.cli.announced import Announced, Sentence
from api.cli.barge_in import BargeIn
from api.cli.client import Api, Json, patiently
from api.cli.desk import Desk, Footing
from api.cli.errors import LeftError, RefusedError
from api.cli.event_stream import EventStream
from api.cli.hearing import Hearing, Position
from api.cli.ink import Tone
from api.cli.leaving import told_to_leave
from api.cli.listening_status import ListeningStatus
from api.cli.narrator import Narrator
from api.cli.outbox import Letter, Outbox, new_letter
from api.cli.paper import PERSON_MARK, Notice
from api.cli.playback_reports import PlaybackReports
from api.cli.player import Player, PlayerFailedError
from api.cli.program import typed
from api.cli.pulse import Pulse
from api.cli.recording import Recording
from api.cli.reducer import ENDED, Event
from api.cli.safe_text import one_line
from api.cli.telling import Telling
from api.cli.voice import Voice
from api.cli.wording import PREVIEW

PATIENCE_SECONDS: Final = 120.0
"""An audio that was announced is there, or comes back with its store."""


@dataclass(frozen=True)
class Ears:
    """Where the audio goes: into a file, to a player with a folder for its files, both, or nowhere."""

    recording: Recording | None = None
    player: Player | None = None
    folder: Path = Path()


@dataclass(frozen=True)
class _Pause:
    """The person has the word; `rest` was announced and not heard."""

    barge_in: BargeIn | None
    rest: list[Sentence]
    silent_before: int


class Listening:
    """One session from its beginning to its end, at `desk`."""

    def __init__(self, api: Api, session: Json, desk: Desk, ears: Ears) -> None:
        self._api = api
        self._id: str = session["session_id"]
        self._key: str = session["session_key"]
        self._desk = desk
        self._narrator = Narrator(desk.paper)
        self._pulse = Pulse(desk.paper, self._show)
        self._stream = EventStream(api, self._id, None, self._pulse.on_connection)
        self._outbox = Outbox(api, self._id, self._refused)
        self._reports = PlaybackReports(api, self._id)
        voice = Voice(ears.player, ears.folder, self._reports) if ears.player else None
        self._telling = Telling(self._tell, is_paced=voice is not None)
        self._hearing = Hearing(self._audio, ears.recording, voice, self._telling, self._cannot_play)
        self._announced = Announced()
        self._status = ListeningStatus(self._hearing, has_keyboard=desk.has_keyboard)
        self._silent_turn = 0
        """This turn and those before it are not to be heard any more."""
        self._pause: _Pause | None = None
        self._ending: _Pause | None = None
        """A pause that is over as soon as the session answers."""
        self._barge_in: BargeIn | None = None
        """The last one."""
        self._errands: set[asyncio.Task[None]] = set()
        self._has_ended = False
        self._left = asyncio.Event()
        self._interrupted = asyncio.Event()

    async def run(self) -> None:
        """Until all is heard or the person leaves. Raises RefusedError, NotReachableError, LeftError."""
        with told_to_leave(self._left), self._at_desk():
            await self._listen()
        if self._interrupted.is_set():
            raise LeftError(self._way_back())
        if not self._has_ended:
            self._say(self._way_back())

    def _way_back(self) -> str:
        lead = "is over; hear it again" if self._has_ended else "goes on without you; come back"
        return f"{self._key} {lead}: {typed('listen', '--session', self._key)}"

    @contextmanager
    def _at_desk(self) -> Iterator[None]:
        self._desk.open(self._hear_line, self._interrupt)
        try:
            yield
        finally:
            self._desk.close()

    async def _listen(self) -> None:
        parts = (
            self._follow(),
            self._hearing.hear(),
            self._desk.attend(self._hearing.is_done),
            self._left.wait(),
            self._outbox.deliver(),
            self._reports.send(),
            self._pulse.beat(),
        )
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._give_up_barge_in()
            for task in (*tasks, *self._errands):
                task.cancel()
            await asyncio.gather(*tasks, *self._errands, return_exceptions=True)

    def _give_up_barge_in(self) -> None:
        if self._pause is not None and self._pause.barge_in is not None:
            self._pause.barge_in.give_up()

    async def _follow(self) -> None:
        async for event in self._stream.live():
            self._take(event)
        await self._hearing.is_done()
        self._telling.tell_all()

    def _take(self, event: Event) -> None:
        if event["type"] in {"message.accepted", "message.rejected"}:
            self._outbox.taken(event["message_id"])
        if event["type"] == "interruption" and not event.get("replay"):
            self._fall_silent(event["turn"])
        self._has_ended |= event["type"] == ENDED
        for sentence in self._announced.read(event):
            self._announce(sentence)
        self._telling.take(event)
        self._pulse.heard(event)

    def _announce(self, sentence: Sentence) -> None:
        pause, turn = self._pause or self._ending, sentence.turn
        if turn is None or turn > self._silent_turn:
            self._hearing.add(sentence)
        elif pause is not None and turn > pause.silent_before:
            pause.rest.append(sentence)
        else:
            self._telling.ended(sentence)

    def _fall_silent(self, turn: int) -> None:
        """The session was interrupted, here or elsewhere: nobody wants to hear more of this turn."""
        if self._barge_in and self._barge_in.is_old_news(turn):
            return
        self._silent_turn = max(self._silent_turn, turn)
        if not (self._pause or self._ending):
            self._hearing.drop(turn)
            self._telling.tell_all()

    def _tell(self, event: Event) -> None:
        self._narrator.tell(event)
        self._status.told(event)

    async def _audio(self, audio_id: str) -> bytes:
        return await patiently(partial(self._api.audio, self._id, audio_id), PATIENCE_SECONDS)

    def _cannot_play(self, failure: PlayerFailedError) -> None:
        self._say(f"{failure}: from here on there are only words.", Tone.WARNING)
        self._telling.give_up_pace()

    def _hear_line(self, line: str) -> None:
        """Enter: interrupt, or, when that has been done, say something or nothing."""
        if line.strip():
            self._outbox.put(new_letter(line))
        if not self._errands:
            self._take_turns(said_something=bool(line.strip()))
        self._show()

    def _take_turns(self, *, said_something: bool) -> None:
        pause, self._pause = self._pause, None
        if pause is None:
            pause = self._begin_pause()
            if not said_something:
                self._pause = pause
                return
        self._go_on(pause, said_something=said_something)

    def _begin_pause(self) -> _Pause:
        position, silent_before = self._position(), self._silent_turn
        rest = self._hearing.hold()
        self._reports.forget()
        if position is None or position.sentence.turn is None:
            return _Pause(None, rest, silent_before)
        self._silent_turn = max(silent_before, self._announced.latest_turn)
        self._barge_in = BargeIn(self._api, self._id, position, self._desk.paper.notice)
        return _Pause(self._barge_in, rest, silent_before)

    def _position(self) -> Position | None:
        last = self._announced.last
        if self._hearing.plays:
            return self._hearing.position
        # Nobody hears anything: what was announced was read.
        return Position(last, last.duration_ms) if last else None

    def _go_on(self, pause: _Pause, *, said_something: bool) -> None:
        self._ending = pause
        errand = asyncio.create_task(self._end_pause(pause, said_something=said_something))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _end_pause(self, pause: _Pause, *, said_something: bool) -> None:
        if pause.barge_in is None:
            is_as_before = True
        elif said_something:
            is_as_before = not await pause.barge_in.is_taken()
        else:
            is_as_before = await pause.barge_in.take_back()
        if is_as_before:
            self._silent_turn = pause.silent_before
        goes_on = is_as_before and not said_something
        if not goes_on:
            self._telling.tell_all()
        self._hearing.release(pause.rest if goes_on else ())
        self._ending = None
        self._show()

    def _interrupt(self) -> None:
        """Ctrl-C: give up what is typed, else leave."""
        if not self._desk.drop_line():
            self._interrupted.set()
            self._left.set()

    def _refused(self, letter: Letter, refusal: RefusedError) -> None:
        self._say(f"Not sent: {one_line(letter.text, PREVIEW)}: {refusal}", Tone.TROUBLE)

    def _show(self) -> None:
        self._telling.look(is_playing=not self._hearing.is_over)
        held = self._narrator.conversation
        unsent = [f"{PERSON_MARK}{letter.text}" for letter in self._outbox.pending.values()]
        is_paused = self._pause is not None
        waiting = self._pulse.status(held)
        words_wait = self._telling.words_wait
        status = self._status.line(held.session, waiting, is_paused=is_paused, words_wait=words_wait)
        self._desk.show(Footing(tuple(unsent), status, is_idle=is_paused, head=self._status.head))

    def _say(self, text: str, tone: Tone = Tone.ASIDE) -> None:
        self._desk.paper.notice(Notice(text, tone))
