"""The commands against a real system: what they print, for people and for machines."""

import json
import subprocess
import sys
from typing import Any

import pytest

from api.cli.paper import PERSON_MARK
from api.cli.program import typed
from tests.cli.conftest import SLOWLY, Shell
from tests.cli.person import CTRL_C
from tests.system import ROOT


def _json(text: str) -> dict[str, Any]:
    assert text.isascii()
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_send_shows_the_answer_and_nothing_else(shell: Shell) -> None:
    session = shell.session("My name is Ada")
    done = shell.run("send", session["session_key"], "What is my name?")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "Your name is Ada.\n", "")


def test_send_reads_standard_input(shell: Shell) -> None:
    session = shell.session()
    done = shell.run("send", session["session_key"], "-", stdin="My name is Ada")
    assert done.stdout == "Nice to meet you, Ada. I will remember your name.\n"


def test_send_without_waiting_returns_at_once(shell: Shell) -> None:
    shell.script(SLOWLY)
    session = shell.session()
    sent = _json(shell.run("send", session["session_key"], "count to 20", "--no-wait", "--json").stdout)
    assert set(sent) == {"message_id", "cursor"}
    done = _json(shell.run("send", session["session_key"], "hello", "--delivery", "queue", "--json").stdout)
    assert done["status"] == "completed"
    assert done["turn"] == 2
    assert done["text"].endswith("message 2 of our conversation.")


def test_ctrl_c_leaves_an_answer_that_goes_on(shell: Shell) -> None:
    shell.script(SLOWLY)
    key = shell.session()["session_key"]
    with shell.at_terminal("send", key, "count to 1000") as person:
        person.sees("1, 2, 3")
        person.types(CTRL_C)
        assert person.exit_code() == 130
        assert person.screen.lines[-2] == f"The session goes on: {typed('watch', key)}"
    assert shell.call("GET", f"/sessions/{key}")["status"] == "active"
    shell.call("DELETE", f"/sessions/{key}")


def test_send_tells_a_failure(shell: Shell) -> None:
    session = shell.session()
    shell.script({"status": 401})
    done = shell.run("send", session["session_key"], "hello")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("The answer failed: ")
    shell.script({"status": 401})
    done = shell.run("send", session["session_key"], "hello", "--json")
    assert done.exit_code == 1
    assert _json(done.stdout)["status"] == "failed"


def test_send_to_a_pipe_holds_one_copy_when_the_answer_starts_anew(shell: Shell) -> None:
    session = shell.session()
    shell.script(
        {"cut_after": 4, "text": "wrong, wrong, wrong"}, {"on": "retrieve", "status": 404}, {"text": "right"}
    )
    done = shell.run("send", session["session_key"], "go")
    assert done.stdout == "right\n"
    assert "the answer starts anew" in done.stderr


def test_show_prints_the_snapshot_and_the_last_messages(shell: Shell) -> None:
    session = shell.session("My name is Ada", "What is my name?")
    key = session["session_key"]
    done = shell.run("show", key, "--messages", "2")
    assert key in done.stdout
    assert "idle" in done.stdout
    assert done.stdout.endswith(f"{PERSON_MARK}What is my name?\n\nYour name is Ada.\n")
    assert "My name is Ada" not in done.stdout.replace("Your name is Ada", "")
    whole = _json(shell.run("show", key, "--json").stdout)
    assert whole["session_id"] == session["session_id"]
    assert whole["messages"][0]["content"] == "My name is Ada"


@pytest.mark.parametrize("spell", [str.lower, lambda key: str(int(key.removeprefix("SESSION-")))])
def test_a_session_may_be_named_as_people_do(shell: Shell, spell: Any) -> None:
    session = shell.session()
    shown = _json(shell.run("show", spell(session["session_key"]), "--json").stdout)
    assert shown["session_id"] == session["session_id"]
    assert (
        _json(shell.run("show", session["workflow_id"], "--json").stdout)["session_key"]
        == session["session_key"]
    )


def test_sessions_lists_the_open_ones(shell: Shell) -> None:
    kept, gone = shell.session(title="Kept: [bold]x[/] \x1b[31m"), shell.session(title="Gone")
    assert shell.run("close", gone["session_key"]).stdout == f"{gone['session_key']} closed.\n"
    table = shell.run("sessions").stdout
    assert kept["session_key"] in table
    assert "Kept: [bold]x[/] ␛[31m" in table
    assert gone["session_key"] not in table
    assert gone["session_key"] in shell.run("sessions", "--all").stdout
    closed = _json(shell.run("sessions", "--status", "closed", "--json").stdout)["items"]
    assert {session["status"] for session in closed} == {"closed"}
    found = _json(shell.run("sessions", "-q", "kept:", "--json").stdout)["items"]
    assert kept["session_id"] in {session["session_id"] for session in found}
    assert "There are more than these 1" in shell.run("sessions", "--all", "--limit", "1").stdout
    assert shell.run("sessions", "-q", "no such title").stdout.startswith("No such session.")


def test_stop_and_title(shell: Shell) -> None:
    session = shell.session()
    key = session["session_key"]
    assert shell.run("stop", key).stdout == f"{key} has nothing to stop.\n"
    shell.run("send", key, "count to 1000", "--no-wait")
    assert shell.run("stop", key).stdout == f"{key} was stopped.\n"
    assert shell.run("title", key, "A walk").stdout == f"{key} is now “A walk”.\n"
    assert _json(shell.run("title", key, "Two walks", "--json").stdout)["title"] == "Two walks"
    assert _json(shell.run("stop", key, "--json").stdout)["turn"] is None


def test_close_twice(shell: Shell) -> None:
    key = shell.session()["session_key"]
    assert _json(shell.run("close", key, "--json").stdout)["end_reason"] == "user_ended"
    done = shell.run("close", key)
    assert (done.exit_code, done.stdout) == (0, f"{key} was closed already.\n")


def test_watch_tells_a_session_to_its_end(shell: Shell) -> None:
    session = shell.session("My name is Ada")
    key = session["session_key"]
    shell.run("close", key)
    done = shell.run("watch", key)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{PERSON_MARK}My name is Ada\n\nNice to meet you, Ada.")
    assert f"{key} has ended: it was closed (1 answer" in done.stdout


def test_watch_for_machines_is_one_event_a_line_and_goes_on_behind_a_cursor(shell: Shell) -> None:
    key = shell.session("My name is Ada")["session_key"]
    shell.run("close", key)
    events = [_json(line) for line in shell.run("watch", key, "--json").stdout.splitlines()]
    assert events[0]["type"] == "session.started"
    assert events[-1]["type"] == "session.ended"
    assert len({event["cursor"] for event in events}) == len(events)
    half = len(events) // 2
    rest = shell.run("watch", key, "--json", "--after", events[half]["cursor"]).stdout.splitlines()
    assert [_json(line)["cursor"] for line in rest] == [event["cursor"] for event in events[half + 1 :]]
    nothing = shell.run("watch", key, "--json", "--after", events[-1]["cursor"])
    assert (nothing.exit_code, nothing.stdout) == (0, "")


def test_watch_after_now_tells_only_what_is_new(shell: Shell) -> None:
    session = shell.session("My name is Ada")
    with shell.at_terminal("watch", session["session_key"], "--after", "now") as person:
        person.watches(2)
        assert not person.screen.words
        shell.run("send", session["session_key"], "What is my name?", "--no-wait")
        person.sees("Your name is Ada.")
        shell.call("DELETE", f"/sessions/{session['session_id']}")
        assert person.exit_code() == 0
        assert "My name is" not in person.screen.words
    nothing = shell.run("watch", session["session_key"], "--json", "--after", "now")
    assert (nothing.exit_code, nothing.stdout) == (0, "")


def test_watch_shows_a_running_answer(shell: Shell) -> None:
    shell.script(SLOWLY)
    session = shell.session(message={"content": "count to 30", "message_id": "m-1"})
    with shell.at_terminal("watch", session["session_key"]) as person:
        person.sees("1, 2, 3")
        person.sees("29, 30.")
        shell.call("DELETE", f"/sessions/{session['session_id']}")
        person.sees("has ended: it was closed")
        assert person.exit_code() == 0
        assert person.screen.words.count(", ".join(map(str, range(1, 31)))) == 1


def test_who_stops_reading_ends_it_without_a_word(shell: Shell) -> None:
    key = shell.session()["session_key"]
    watch = subprocess.Popen(
        [sys.executable, "-m", "workers", "watch", key, "--json"],
        env=shell.env(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert watch.stdout is not None
    assert watch.stderr is not None
    assert watch.stdout.readline().startswith(b"{")
    watch.stdout.close()
    shell.run("send", key, "hello", "--no-wait")
    assert watch.wait(10) == 0
    assert watch.stderr.read() == b""
    watch.stderr.close()
