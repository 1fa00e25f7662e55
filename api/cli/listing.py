"""Sessions for people: the list, and one of them in full.

Owns columns and their words; must not ask the API.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from api.cli.client import Json
from api.cli.ink import Ink, Tone
from api.cli.moments import ago, duration, local_time, seconds_between
from api.cli.program import typed
from api.cli.safe_text import one_line
from api.cli.table import Cell, table_lines
from api.cli.wording import spelled

CLOSED: Final = "closed"
OPEN: Final = frozenset({"active", "idle", "paused"})
_COLUMNS: Final = ("SESSION", "STATUS", "PROFILE", "MESSAGES", "LAST ACTIVITY", "TITLE")
_STATUS_TONES: Final = {"active": Tone.GOING_ON, "paused": Tone.WARNING, "closed": Tone.ASIDE}


def session_lines(sessions: Sequence[Json], now: datetime, width: int | None, ink: Ink) -> list[str]:
    """A table of sessions, in their order."""
    head = [(name, Tone.ASIDE) for name in _COLUMNS]
    return table_lines([head, *(_cells(session, now) for session in sessions)], width, ink)


def _cells(session: Mapping[str, Any], now: datetime) -> list[Cell]:
    status = str(session["status"])
    return [
        (one_line(session["session_key"]), Tone.STRONG),
        (one_line(status), _STATUS_TONES.get(status, Tone.PLAIN)),
        (one_line(session["profile"]), Tone.PLAIN),
        (f"{session['message_count']:>{len('MESSAGES')}}", Tone.PLAIN),
        (ago(session["last_activity_at"], now), Tone.PLAIN),
        (one_line(session["title"] or ""), Tone.PLAIN),
    ]


def none_line(statuses: Sequence[str]) -> str:
    """What to say and to do where no session has one of these."""
    asked_for = set(statuses)
    if asked_for == OPEN:
        return f"No sessions: `{typed('chat')}` starts one, --all shows closed ones."
    if asked_for == {*OPEN, CLOSED}:
        return f"No sessions: `{typed('chat')}` starts one."
    return f"No sessions that are {' or '.join(statuses)}: `{typed('sessions', '--all')}` lists every one."


def fact_lines(session: Json, now: datetime, ink: Ink) -> list[str]:
    """One session in full."""
    title = one_line(session["title"] or "")
    headline = f"{session['session_key']} · {title}" if title else str(session["session_key"])
    facts = [
        ((name, Tone.ASIDE), (one_line(value), Tone.PLAIN)) for name, value in _facts(session, now) if value
    ]
    return [ink.paint(headline, Tone.STRONG), *table_lines(facts, None, ink)]


def _facts(session: Json, now: datetime) -> list[tuple[str, str]]:
    usage = session["usage"]
    return [
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


def _status(session: Json, now: datetime) -> str:
    if session["end_reason"]:
        return f"{session['status']}: {spelled(session['end_reason'])}"
    turn = session["turn"]
    if turn is None:
        return str(session["status"])
    tries = f", attempt {turn['attempt']}" if turn["attempt"] > 1 else ""
    return f"{session['status']}: turn {turn['number']} since {local_time(turn['started_at'], now)}{tries}"


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
