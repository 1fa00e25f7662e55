"""A conversation at a desk.

Owns how a chat begins, goes on and ends. What is shown follows from the session's events alone: what the
person says is shown when the session has taken it. Must not know terminals (`desk`).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any, Final

from api.cli.client import Api, patiently
from api.cli.desk import Desk, Footing
from api.cli.errors import CommandError, RefusedError
from api.cli.event_stream import EventStream
from api.cli.ink import Tone
from api.cli.leaving import told_to_leave
from api.cli.narrator import Narrator
from api.cli.outbox import Letter, Outbox, new_letter
from api.cli.paper import PERSON_MARK, Notice
from api.cli.program import typed
from api.cli.pulse import Pulse
from api.cli.reducer import Event
from api.cli.safe_text import one_line
from api.cli.slash import HELP, Command, read_line
from api.cli.stopping import Stopping
from api.cli.title import checked_title
from api.cli.wording import HOW_TO_LEAVE, PREVIEW, spelled, waiting_text

HISTORY: Final = 20
DOUBLE_PRESS_SECONDS: Final = 0.5
LEAVING_SECONDS: Final = 2.0
"""Long enough to read how to leave, and to press again."""


class Chat:
    """One person at `desk` in one session."""

    def __init__(self, api: Api, session: dict[str, Any], desk: Desk) -> None:
        self._api = api
        self._session = session
        self._id: str = session["session_id"]
        self._desk = desk
        self._own: set[str] = set()
        self._narrator = Narrator(desk.paper, lambda message: not self._is_echoed(message.message_id))
        self._outbox = Outbox(api, self._id, self._refused)
        self._pulse = Pulse(desk.paper, self._show)
        self._stream = EventStream(api, self._id, on_connection=self._pulse.on_connection)
        self._stopping = Stopping(api, self._id, desk.paper.notice)
        self._interrupted_at = -math.inf
        self._refrained_at = -math.inf
        self._knows_how_to_leave = False
        self._errands: set[asyncio.Task[None]] = set()
        self._left = asyncio.Event()
        self._news = asyncio.Event()
        self._knows_the_past = asyncio.Event()

    async def run(self) -> None:
        """Talk until the person leaves or the session ends. Raises RefusedError, NotReachableError."""
        with told_to_leave(self._left), self._at_desk():
            self._greet()
            self._recall(await patiently(self._stream.past))
            self._knows_the_past.set()
            self._unless_over()
            self._show()
            await self._talk()
        self._take_leave()

    @contextmanager
    def _at_desk(self) -> Iterator[None]:
        self._desk.open(self._hear, self._interrupt)
        try:
            yield
        finally:
            self._desk.close()

    def _greet(self) -> None:
        session = self._session
        title = one_line(session["title"]) if session["title"] else None
        self._say(" · ".join(filter(None, (session["session_key"], session["profile"], title))))
        where = session.get("temporal_ui") or f"workflow {session['workflow_id']}"
        self._desk.paper.notice(Notice(where, unbroken=True))
        self._say("Ctrl-C stops an answer · Ctrl-D leaves, the session stays · /help")

    def _recall(self, events: list[Event]) -> None:
        self._narrator.recall(events, HISTORY)
        for message in self._narrator.conversation.messages.values():
            if message.role == "user":
                self._desk.remember(message.text)

    def _unless_over(self) -> None:
        reason = self._narrator.conversation.end_reason
        if reason:
            key = self._session["session_key"]
            raise RefusedError(f"{key} is over, {spelled(reason)}: start a new one with `{typed('chat')}`.")

    async def _talk(self) -> None:
        """Until the first of them is done: the events, the lines, or the person's patience."""
        parts = (
            self._follow(),
            self._desk.attend(self._quiet),
            self._left.wait(),
            self._outbox.deliver(),
            self._pulse.beat(),
        )
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, *self._errands):
                task.cancel()
            await asyncio.gather(*tasks, *self._errands, return_exceptions=True)

    async def _follow(self) -> None:
        async for event in self._stream.live():
            if event["type"] in {"message.accepted", "message.rejected"}:
                self._outbox.taken(event["message_id"])
            self._outbox.found([rejected["message_id"] for rejected in event.get("rejected", ())])
            self._narrator.tell(event)
            self._outbox.found(self._narrator.conversation.messages)
            self._outbox.found(self._narrator.conversation.waiting)
            self._stopping.heard(event)
            self._news.set()
            self._pulse.heard(event)

    def _hear(self, line: str) -> None:
        asked = read_line(line)
        match asked.command:
            case Command.SAY:
                self._send(asked.text)
            case Command.STOP:
                self._stop()
            case Command.TITLE:
                self._errand(partial(self._rename, asked.text))
            case Command.CLOSE:
                self._errand(partial(self._api.close, self._id))
            case Command.QUIT:
                self._left.set()
            case Command.HELP:
                self._say(HELP)
            case Command.UNKNOWN:
                self._say(f"No such command. {HELP}")

    async def _rename(self, title: str) -> None:
        await self._api.rename(self._id, checked_title(title))

    def _send(self, text: str) -> None:
        if not text.strip():
            return
        letter = new_letter(text)
        self._own.add(letter.message_id)
        self._stopping.forget()
        self._stay()
        self._outbox.put(letter)
        self._changed()

    def _is_echoed(self, message_id: str) -> bool:
        return self._desk.echoes and message_id in self._own

    def _stop(self) -> None:
        if self._is_busy and not self._stopping.is_asked:
            self._stopping.ask(self._narrator.conversation)
            self._changed()

    def _interrupt(self) -> None:
        """Ctrl-C: stop what runs, else give up what is typed, else say how to leave; twice: leave."""
        if self._is_busy:
            self._interrupt_answer()
        elif self._desk.drop_line():
            self._stay()
        else:
            self._interrupt_nothing()

    def _interrupt_answer(self) -> None:
        now, before = monotonic(), self._interrupted_at
        self._interrupted_at = now
        if self._stopping.is_asked or now - before < DOUBLE_PRESS_SECONDS:
            self._left.set()
        else:
            self._stop()

    def _interrupt_nothing(self) -> None:
        now, before = monotonic(), self._refrained_at
        self._refrained_at = now
        if now - before < LEAVING_SECONDS or not self._desk.has_keyboard:
            self._left.set()
        elif not self._knows_how_to_leave:
            self._knows_how_to_leave = True
            self._say(HOW_TO_LEAVE)

    def _stay(self) -> None:
        """Whoever goes on has not meant to leave."""
        self._refrained_at = -math.inf
        self._knows_how_to_leave = False

    def _errand(self, call: Callable[[], Awaitable[Any]]) -> None:
        errand = asyncio.create_task(self._carry_out(call))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _carry_out(self, call: Callable[[], Awaitable[Any]]) -> None:
        # What comes of it is told as news, not taken for something that was there.
        await self._knows_the_past.wait()
        try:
            await call()
        except CommandError as error:
            self._say(str(error), Tone.TROUBLE)

    def _refused(self, letter: Letter, refusal: RefusedError) -> None:
        self._say(f"Not sent: {one_line(letter.text, PREVIEW)}: {refusal}", Tone.TROUBLE)
        self._changed()

    @property
    def _is_busy(self) -> bool:
        return bool(self._outbox.pending) or not self._narrator.conversation.is_quiet

    async def _quiet(self) -> None:
        """Until everything is answered."""
        while self._is_busy:
            self._news.clear()
            await self._news.wait()

    def _changed(self) -> None:
        self._news.set()
        self._show()

    def _show(self) -> None:
        held = self._narrator.conversation
        unsent = [f"{PERSON_MARK}{letter.text}" for letter in self._outbox.pending.values()]
        status = self._pulse.status(held, is_stopping=self._stopping.is_asked)
        waiting = (*map(waiting_text, held.waiting.values()), *unsent)
        self._desk.show(Footing(waiting, status, is_idle=not self._is_busy))

    def _say(self, text: str, tone: Tone = Tone.ASIDE) -> None:
        self._desk.paper.notice(Notice(text, tone))

    def _take_leave(self) -> None:
        if self._narrator.conversation.end_reason:
            return
        key = self._session["session_key"]
        for letter in self._outbox.pending.values():
            self._say(f"Perhaps not sent: {one_line(letter.text, PREVIEW)}", Tone.WARNING)
        goes_on = ", and the answer goes on without you" if self._narrator.conversation.turn else ""
        self._say(f"{key} stays open{goes_on}. Come back with:")
        self._desk.paper.notice(Notice(typed("chat", "--session", key), unbroken=True))
