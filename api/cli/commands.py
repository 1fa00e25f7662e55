"""What each client command does.

Owns the commands' order of calls and their words on standard output. Must not parse command lines (`app`).
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from api.cli.chat import Chat
from api.cli.client import Api, Json, patiently
from api.cli.desk import Desk
from api.cli.errors import WrongUsageError
from api.cli.ink import Ink, Tone
from api.cli.json_output import write_json
from api.cli.listening import Ears, Listening
from api.cli.listing import fact_lines, none_line, session_lines
from api.cli.moments import duration, utc_now
from api.cli.narrator import Narrator
from api.cli.onlooker_desk import OnlookerDesk
from api.cli.outbox import new_letter
from api.cli.paper import Notice
from api.cli.plain_desk import PlainDesk
from api.cli.player import CHOICE, KNOWN, Player, find_player
from api.cli.program import typed
from api.cli.recording import Recording
from api.cli.reducer import transcribed
from api.cli.safe_text import one_line
from api.cli.screen_desk import ScreenDesk
from api.cli.sending import Sending, send_only
from api.cli.session_name import session_path
from api.cli.terminal import is_coloured, is_screen, terminal_size
from api.cli.title import checked_title
from api.cli.view import View
from api.cli.watching import Watch, watch_as_json

NOW: Final = "now"
NO_PLAYER: Final = (
    f"Nothing will be heard, there are only words: no player was found ({', '.join(KNOWN)}; "
    f"or set {CHOICE}); --out FILE keeps the audio."
)
LOOKS: Final = 30
LOOK_SECONDS: Final = 0.1


async def chat(api: Api, profile: str | None, name: str | None) -> None:
    """Talk in a new session, or in the one that is named."""
    key = uuid4().hex
    session = await (api.session(session_path(name)) if name else api.start_session(profile, key))
    await Chat(api, session, _desk()).run()


def _desk() -> Desk:
    return ScreenDesk() if sys.stdin.isatty() and is_screen(sys.stdout) else PlainDesk()


async def sessions(api: Api, statuses: str, prefix: str | None, limit: int, *, as_json: bool) -> None:
    """List sessions of these statuses, with commas between them."""
    filters = {name: value for name, value in {"status": statuses, "q": prefix}.items() if value}
    page = await api.list_sessions(filters, limit)
    if as_json:
        write_json(page)
    elif page["items"]:
        width = terminal_size().columns if sys.stdout.isatty() else None
        _say(*session_lines(page["items"], utc_now(), width, _ink()))
        if page["next_cursor"]:
            _say(f"There are more than these {len(page['items'])}: --limit shows them.")
    else:
        _say("No such session." if prefix else none_line(statuses.split(",")))


async def show(api: Api, name: str, messages: int, *, as_json: bool) -> None:
    """One session and its last messages."""
    path = session_path(name)
    session = await api.session(path)
    said = await api.last_messages(path, messages) if messages else []
    if as_json:
        write_json({**session, "messages": said})
        return
    _say(*fact_lines(session, utc_now(), _ink()), *([""] if said else []))
    narrator = Narrator(View.of_output(notices_apart=False).paper)
    for message in said:
        narrator.recite(transcribed(message))


async def send(api: Api, name: str, text: str, delivery: str, *, wait: bool, as_json: bool) -> None:
    """Send a message, and show its answer unless not to `wait`."""
    letter, path = new_letter(_words(text), delivery), session_path(name)
    if not wait:
        taken = await send_only(api, path, letter)
        if as_json:
            write_json(taken)
        else:
            _say(taken["message_id"])
        return
    view = View.silent() if as_json else View.of_output(notices_apart=True)
    sending = Sending(api, path, letter, view)
    try:
        result = await sending.run()
    except asyncio.CancelledError:
        sys.stderr.write(f"\nThe session goes on: {typed('watch', path)}\n")
        raise
    if as_json:
        write_json(result)
    sending.raise_unless_complete()


def _words(text: str) -> str:
    """The text of a message, or what comes through a pipe in place of `-`."""
    words = sys.stdin.read() if text == "-" else text
    if not words.strip():
        raise WrongUsageError("There is nothing to send: give a TEXT, or - to read standard input.")
    return words


async def watch(api: Api, name: str, after: str | None, *, as_json: bool) -> None:
    """Follow a session to its end."""
    path = session_path(name)
    session = await api.session(path)
    place = await _live_end(api, path) if after == NOW else after
    if as_json:
        await watch_as_json(api, session["session_id"], place)
    else:
        await Watch(api, session["session_id"], place, View.of_output(notices_apart=False)).run()


async def listen(
    api: Api, profile: str | None, name: str | None, out: Path | None, *, play: bool | None
) -> None:
    """Hear a new session, or the one that is named, to its end; None plays where there is no `out`."""
    player = _player(is_needed=play is True) if play or (play is None and out is None) else None
    key = uuid4().hex
    session = await (api.session(session_path(name)) if name else api.start_session(profile, key))
    with ExitStack() as stack:
        recording = stack.enter_context(_summed_up(out)) if out else None
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="perdure-")) if player else ".")
        desk = _desk() if _is_attended() else OnlookerDesk()
        if player is None and out is None and play is None:
            desk.paper.notice(Notice(NO_PLAYER, Tone.WARNING))
        await Listening(api, session, desk, Ears(recording, player, folder)).run()


def _player(*, is_needed: bool) -> Player | None:
    """The player of this machine. Raises WrongUsageError."""
    player = find_player()
    if player is None and is_needed:
        raise WrongUsageError(NO_PLAYER)
    return player


def _is_attended() -> bool:
    """Whether a person at a keyboard may interrupt; in the background the keyboard belongs to others."""
    return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()


@contextmanager
def _summed_up(out: Path) -> Iterator[Recording]:
    """A recording, and a line about it at its end."""
    recording = Recording(out)
    try:
        with recording:
            yield recording
    finally:
        _say(f"{out}: {duration(recording.seconds)} of audio, {recording.sentences} sentences.")


async def _live_end(api: Api, path: str) -> str:
    """A place of its own for now: one that is still the same after the connection has broken."""
    cursor: str = (await patiently(partial(api.past_events, path, NOW)))["cursor"]
    return cursor


async def stop(api: Api, name: str, *, as_json: bool) -> None:
    """Stop the running turn."""
    path = session_path(name)
    before = (await api.session(path))["turn"]
    cursor = (await patiently(partial(api.stop, path)))["cursor"]
    after = await _once(
        api, path, cursor, lambda session: session["turn"] is None or _is_other(session, before)
    )
    happened = {event["type"] for event in (await api.past_events(path, cursor))["events"]}
    runs_still = "will stop as soon as a worker runs" if after["turn"] else "has nothing to stop"
    _answer(after, "was stopped" if "turn.stopped" in happened else runs_still, as_json=as_json)


async def close(api: Api, name: str, *, as_json: bool) -> None:
    """End the session."""
    path = session_path(name)
    was_closed = (await api.session(path))["status"] == "closed"
    taken = await patiently(partial(api.close, path))
    after = await _once(api, path, taken["cursor"], _is_closed)
    done = "closed" if _is_closed(after) else "will be closed as soon as a worker runs"
    _answer(after, "was closed already" if was_closed else done, as_json=as_json)


async def title(api: Api, name: str, text: str, *, as_json: bool) -> None:
    """Name the session."""
    session = await patiently(partial(api.rename, session_path(name), checked_title(text)))
    _answer(session, f"is now “{one_line(session['title'])}”", as_json=as_json)


async def _once(api: Api, path: str, cursor: str, is_done: Callable[[Json], bool]) -> Json:
    """The session once a write has done its work, or as it is when that takes too long."""
    session = await api.session(path, after=cursor)
    for _ in range(LOOKS):
        if is_done(session):
            break
        await asyncio.sleep(LOOK_SECONDS)
        session = await api.session(path)
    return session


def _is_other(session: Json, turn: Json | None) -> bool:
    """Whether the session has gone on to another turn."""
    return turn is not None and session["turn"] is not None and session["turn"]["number"] != turn["number"]


def _is_closed(session: Json) -> bool:
    return bool(session["status"] == "closed")


def _answer(session: Json, word: str, *, as_json: bool) -> None:
    if as_json:
        write_json(session)
    else:
        _say(f"{session['session_key']} {word}.")


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _ink() -> Ink:
    return Ink(coloured=is_coloured(sys.stdout))
