"""Sessions as lines of text."""

from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len

from api.cli.ink import Ink
from api.cli.listing import fact_lines, none_line, session_lines
from api.cli.program import typed

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLAIN = Ink(coloured=False)


def _session(**fields: Any) -> dict[str, Any]:
    moment = "2026-11-20T11:59:00.000Z"
    return {
        "session_key": "SESSION-001", "session_id": "0bcac2", "workflow_id": "session-0bcac2",
        "profile": "chat", "title": "A walk", "status": "idle", "end_reason": None, "message_count": 3,
        "queued": 0, "turn": None, "usage": {"input_tokens": 5, "output_tokens": 7, "cached_tokens": 0},
        "created_at": moment, "last_activity_at": moment, "idle_at": "2026-11-27T12:00:00.000Z",
        "ends_at": None, **fields,
    }  # fmt: skip


def test_columns_stand_under_each_other_however_wide_letters_are() -> None:
    sessions = [_session(), _session(profile="漢字", title=None), _session(session_key="SESSION-12345")]
    head, *rows = session_lines(sessions, NOW, None, PLAIN)
    where = head.index("MESSAGES")
    assert [cell_len(row[: row.index("   3")]) for row in rows] == [where + 4] * 3
    assert not any(row.endswith(" ") for row in rows)


def test_the_title_ends_where_the_terminal_does() -> None:
    [_, row] = session_lines([_session(title="walk " * 40)], NOW, 80, PLAIN)
    assert cell_len(row) == 80
    assert row.endswith("…")


def test_a_title_cannot_drive_the_terminal_or_break_the_table() -> None:
    lines = session_lines([_session(title="a\x1b[31m\nb\u202ec", profile="\x9b")], NOW, None, PLAIN)
    assert len(lines) == 2
    assert lines[1].endswith("a␛[31m bc")
    assert all(line.isprintable() for line in lines)


def test_facts_say_what_runs_what_waits_and_when_it_ends() -> None:
    turn = {"number": 2, "agent": "assistant", "attempt": 3, "started_at": "2026-11-20T11:59:00.000Z"}
    busy = _session(status="active", turn=turn, queued=2, ends_at="2026-11-20T13:00:00.000Z", idle_at=None)
    text = "\n".join(fact_lines(busy, NOW, PLAIN))
    assert text.startswith("SESSION-001 · A walk\n")
    assert "active: turn 2 since" in text
    assert "attempt 3" in text
    assert "3, 2 of them waiting" in text
    assert "in 60 min at the latest" in text
    assert "session-0bcac2" in text


def test_facts_of_a_closed_session() -> None:
    closed = _session(status="closed", end_reason="user_ended", idle_at=None, temporal_ui="http://ui/1")
    text = "\n".join(fact_lines(closed, NOW, PLAIN))
    assert "closed: it was closed" in text
    assert "ends" not in text
    assert "http://ui/1" in text


def test_where_there_is_no_session_the_hint_is_another_command() -> None:
    assert none_line(["active", "idle", "paused"]) == (
        f"No sessions: `{typed('chat')}` starts one, --all shows closed ones."
    )
    assert none_line(["active", "idle", "paused", "closed"]) == f"No sessions: `{typed('chat')}` starts one."
    everything = f"`{typed('sessions', '--all')}` lists every one."
    assert none_line(["closed"]) == f"No sessions that are closed: {everything}"
    assert none_line(["idle", "paused"]) == f"No sessions that are idle or paused: {everything}"
