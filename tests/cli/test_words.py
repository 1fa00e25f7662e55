"""What is said, and to whom: pipes, notices, names, times."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from api.cli.errors import WrongUsageError
from api.cli.ink import Ink
from api.cli.moments import ago, duration
from api.cli.narrator import Narrator
from api.cli.paper import STARTS_ANEW, Notice
from api.cli.progress import Progress
from api.cli.reducer import Conversation, Message
from api.cli.roll import Roll
from api.cli.safe_text import one_line, printable
from api.cli.session_name import session_path
from api.cli.settings import read_settings
from api.cli.slash import Command, read_line
from api.cli.wording import notice_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _message(text: str, status: str = "streaming", message_id: str = "a-1") -> Message:
    return Message(message_id, "assistant", text, len(text), 1, status)


def _roll(*, streams: bool) -> tuple[Roll, StringIO, StringIO]:
    out, notices = StringIO(), StringIO()
    return Roll(out, notices, Ink(coloured=False), streams=streams), out, notices


def test_a_pipe_gets_a_message_when_it_is_final() -> None:
    roll, out, _ = _roll(streams=False)
    for message in (_message("wro"), _message(""), _message("right"), _message("right words", "complete")):
        roll.message(message)
    roll.message(_message("more", "complete", "a-2"))
    assert out.getvalue() == "right words\n\nmore\n"


def test_a_dumb_terminal_gets_text_as_it_comes_and_once() -> None:
    roll, out, notices = _roll(streams=True)
    for text in ("one", "one two", "", "one", "one two three"):
        roll.message(_message(text))
    assert out.getvalue() == "one two three"
    roll.notice(Notice("reconnecting"))
    roll.message(_message("one two three four", "complete"))
    assert out.getvalue() == "one two three four\n"
    assert notices.getvalue() == "reconnecting\n"


@pytest.mark.parametrize("end", ["other words", "one"])
def test_a_dumb_terminal_is_told_when_words_do_not_count(end: str) -> None:
    roll, out, _ = _roll(streams=True)
    roll.message(_message("one two"))
    roll.message(_message(end, "complete"))
    assert out.getvalue() == f"one two\n[{STARTS_ANEW}]\n{end}\n"


def test_a_message_is_told_once_and_a_final_one_not_again() -> None:
    roll, out, _ = _roll(streams=False)
    narrator = Narrator(roll)
    accepted = {
        "type": "message.accepted", "message_id": "m-1", "delivery": "steer", "position": 0, "content": "hi",
    }  # fmt: skip
    started = {"type": "turn.started", "turn": 1, "message_ids": ["m-1"]}
    completed = {
        "type": "message.completed", "turn": 1, "message_id": "a-1.1", "text": "Hi.", "status": "complete",
    }  # fmt: skip
    for event in (accepted, started, completed, completed, started, accepted):
        narrator.tell(event)
    assert out.getvalue() == "› hi\n\nHi.\n"


def test_history_is_the_last_messages() -> None:
    roll, out, notices = _roll(streams=False)
    said = [
        {"message_id": f"m-{n}", "role": "user", "content": f"word {n}", "status": "complete", "turn": n}
        for n in range(5)
    ]
    Narrator(roll).recall([{"type": "reset", "session": {}, "messages": said, "partial": None}], most=2)
    assert out.getvalue() == "› word 3\n\n› word 4\n"
    assert notices.getvalue() == "… 3 earlier messages\n"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"type": "turn.failed", "error": {"code": "quota", "message": "No money."}},
            "The answer failed: No money.",
        ),
        ({"type": "turn.stopped", "reason": "stopped"}, "stopped"),
        ({"type": "turn.stopped", "reason": "interrupted"}, None),
        (
            {"type": "session.ending_soon", "reason": "idle_timeout", "at": "2020-01-01T00:00:00.000Z"},
            "unless somebody writes",
        ),
        ({"type": "session.ending_soon", "reason": "max_messages", "remaining": 0}, "last message"),
        ({"type": "message.rejected", "message_id": "m-1", "reason": "queue_full"}, "Not taken, queue full"),
        ({"type": "session.updated", "session": {"title": "A\x1bB"}}, "title: A␛B"),
        ({"type": "session.updated", "session": {"title": None}}, None),
        ({"type": "phase.started", "phase": {"name": "deep"}, "index": 2, "of": 3}, "phase 2 of 3: deep"),
        ({"type": "tool.started", "name": "search", "arguments": {"q": 1}}, "search {'q': 1}"),
        ({"type": "session.ended"}, None),
        ({"type": "message.delta"}, None),
        ({}, None),
    ],
)
def test_notices(event: dict[str, Any], words: str | None) -> None:
    notice = notice_of(event, Conversation())
    assert (notice is None) == (words is None)
    assert notice is None or words is None or words in notice.text


def test_progress_counts_a_retry_down_by_the_clock_of_whoever_waits() -> None:
    now = 0.0
    progress = Progress(lambda: now)
    retrying = {
        "type": "turn.retrying", "turn": 1, "attempt": 3, "at": "2026-11-20T10:00:00.000Z",
        "next_retry_at": "2026-11-20T10:00:20.000Z", "reason": "rate_limited",
    }  # fmt: skip
    held = Conversation().apply(retrying)
    progress.heard(retrying)
    assert progress.status(held, is_stopping=False) == "retry 3 in 20 s: rate limited"
    now = 15.0
    progress.heard({"type": "message.accepted"})
    assert progress.status(held, is_stopping=False) == "retry 3 in 5 s: rate limited"
    now = 21.0
    assert progress.status(held, is_stopping=False) == "retry 3 now: rate limited"
    assert progress.status(held, is_stopping=True) == "stopping…"
    progress.is_connected = False
    assert progress.status(held, is_stopping=False) == "reconnecting…"


@pytest.mark.parametrize(
    "again",
    [
        {"type": "turn.superseded", "turn": 1, "message_id": "a-1.1"},
        {"type": "reset", "session": {"turn": {"number": 1}}, "messages": [], "partial": None},
    ],
    ids=lambda event: event["type"],
)
def test_progress_says_how_long_an_answer_is_said_again(again: dict[str, Any]) -> None:
    now = 0.0
    progress = Progress(lambda: now)
    delta = {"type": "message.delta", "turn": 1, "message_id": "a-1.1", "offset": 0, "text": "one two"}
    held = Conversation()
    for event in (delta, again, {**delta, "text": "one"}):
        held = held.apply(event)
        progress.heard(event)
        now += 2
    assert progress.status(held, is_stopping=False) == "answering again from the beginning… 4 s"
    held = held.apply({**delta, "text": "one two three"})
    progress.heard(delta)
    assert progress.status(held, is_stopping=False) == ""


def test_text_of_others_is_harmless_piece_by_piece() -> None:
    text = "".join(map(chr, range(0x100))) + "\u2028\u2029\ud800"
    whole = printable(text)
    assert whole == "".join(map(printable, text))
    assert [character for character in whole if not character.isprintable()] == [
        "\t",
        "\n",
        "\xa0",
        "\xad",
        "\n",
        "\n",
    ]
    assert one_line("a\nb\tc\u202ed") == "a b cd"
    assert one_line("漢漢漢漢漢", 6) == "漢漢…"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("SESSION-001", "SESSION-001"), ("session-12", "SESSION-012"), ("7", "SESSION-007"),
        ("SESSION-1234", "SESSION-1234"), ("abc_DEF-1", "abc_DEF-1"), ("session-0bcac2", "0bcac2"),
        ("0bcac2048723540239ef9536", "0bcac2048723540239ef9536"),
    ],
)  # fmt: skip
def test_names_of_sessions(name: str, path: str) -> None:
    assert session_path(name) == path


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "é", "x" * 65])
def test_what_names_no_session(name: str) -> None:
    with pytest.raises(WrongUsageError):
        session_path(name)


@pytest.mark.parametrize(
    ("line", "command", "text"),
    [
        ("hello", Command.SAY, "hello"), ("//etc", Command.SAY, "/etc"), ("/stop", Command.STOP, ""),
        ("/title  A walk ", Command.TITLE, "A walk"), ("/title", Command.TITLE, ""),
        ("/stop it", Command.UNKNOWN, "/stop it"), ("/", Command.UNKNOWN, "/"), ("/help ", Command.HELP, ""),
        ("/unknown", Command.UNKNOWN, "/unknown"),
    ],
)  # fmt: skip
def test_slash_commands_are_read(line: str, command: Command, text: str) -> None:
    asked = read_line(line)
    assert (asked.command, asked.text) == (command, text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119, "119 s"), (300, "5 min"), (7800, "2 h 10 min"), (7200, "2 h"), (604800, "7 days")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_ago() -> None:
    assert ago("2026-11-20T11:55:00.000Z", NOW) == "5 min ago"
    assert ago("2026-11-20T12:00:00.500Z", NOW) == "now"


def test_certificates_are_checked_wherever_there_are_any() -> None:
    assert read_settings({"PERDURE_URL": "https://perdure.example"}).is_encrypted
    assert not read_settings({}).is_encrypted


def test_no_proxy_stands_before_this_machine() -> None:
    assert read_settings({"PERDURE_URL": "http://localhost:1/"}).is_local
    assert not read_settings({"PERDURE_URL": "https://perdure.example"}).is_local
