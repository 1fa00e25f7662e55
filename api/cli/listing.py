"""Sessions for people: the list, and one of them in full.

Owns columns and their words; must not ask the API.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.client import Json
from api.cli.moments import ago, duration, local_time, seconds_between
from api.cli.safe_text import one_line
from api.cli.terminal import is_coloured
from api.cli.wording import spelled

PIPE_COLUMNS: Final = 200
_STATUS_STYLES: Final = {"active": "green", "paused": "yellow", "closed": "dim"}


def print_sessions(sessions: Sequence[Json], now: datetime) -> None:
    """A table, newest activity first."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("SESSION", "STATUS", "PROFILE"):
        table.add_column(name, no_wrap=True)
    table.add_column("MESSAGES", justify="right", no_wrap=True)
    table.add_column("LAST ACTIVITY", no_wrap=True)
    table.add_column("TITLE", no_wrap=True, overflow="ellipsis")
    for session in sessions:
        table.add_row(*(Text(*cell) for cell in _cells(session, now)))
    _console().print(table)


def _cells(session: Mapping[str, Any], now: datetime) -> list[tuple[str, str]]:
    status = session["status"]
    return [
        (one_line(session["session_key"]), "bold"),
        (status, _STATUS_STYLES.get(status, "")),
        (one_line(session["profile"]), ""),
        (str(session["message_count"]), ""),
        (ago(session["last_activity_at"], now), ""),
        (one_line(session["title"] or ""), ""),
    ]


def print_session(session: Json, now: datetime) -> None:
    """The facts of one session."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(session, now):
        table.add_row(name, Text(value))
    console = _console()
    console.print(Text(_headline(session), "bold"), soft_wrap=True)
    console.print(table)


def _headline(session: Json) -> str:
    title = one_line(session["title"] or "")
    return f"{session['session_key']} · {title}" if title else str(session["session_key"])


def _facts(session: Json, now: datetime) -> list[tuple[str, str]]:
    usage = session["usage"]
    facts = [
        ("status", _status(session, now)),
        ("profile", session["profile"]),
        ("messages", _messages(session)),
        ("tokens", f"{usage['input_tokens']} read, {usage['output_tokens']} written"),
        ("started", f"{local_time(session['created_at'], now)} ({ago(session['created_at'], now)})"),
        ("last activity", ago(session["last_activity_at"], now)),
        ("ends", _ends(session, now)),
        ("id", session["session_id"]),
        ("workflow", session.get("temporal_ui") or session["workflow_id"]),
    ]
    return [(name, one_line(value)) for name, value in facts if value]


def _status(session: Json, now: datetime) -> str:
    if session["end_reason"]:
        return f"{session['status']}: {spelled(session['end_reason'])}"
    turn = session["turn"]
    if turn is None:
        return str(session["status"])
    tries = f", attempt {turn['attempt']}" if turn["attempt"] > 1 else ""
    return f"{session['status']}: turn {turn['number']} since {ago(turn['started_at'], now)}{tries}"


def _messages(session: Json) -> str:
    waiting = session["queued"]
    return (
        f"{session['message_count']}, {waiting} of them waiting" if waiting else str(session["message_count"])
    )


def _ends(session: Json, now: datetime) -> str:
    """Which clock strikes when."""
    spelling = now.isoformat()
    clocks = {"if nobody writes": session["idle_at"], "at the latest": session["ends_at"]}
    return ", ".join(
        f"in {duration(seconds_between(spelling, moment))} {how}" for how, moment in clocks.items() if moment
    )


def _console() -> Console:
    """Standard output; what stands in a title is no markup, and a pipe is wide."""
    width = None if sys.stdout.isatty() else PIPE_COLUMNS
    return Console(
        markup=False, emoji=False, highlight=False, width=width, no_color=not is_coloured(sys.stdout)
    )
