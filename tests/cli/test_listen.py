"""Listening to guided sessions with the real program, the real system, and a player that plays nothing."""

import json
import os
import stat
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest

from tests.cli.conftest import Shell
from tests.cli.overheard import Overheard
from tests.cli.person import CTRL_C, CTRL_D, ENTER, Person
from tests.system import ROOT, running_system

PROFILE = """
name: walk
agents: [{name: guide, instructions: You guide.}]
speech: {at_once: 2, speed: 2}
limits: {max_duration: 3600}
phases:
  - {name: settling, sentences: 3, wind_down_at: 2, instructions: "A meditation: {phase}."}
  - {name: return, sentences: 3, wind_down_at: 2, instructions: "A meditation: {phase}."}
"""
SENTENCES = 6
PLAYER = """#!{python}
import sys, time, wave
from pathlib import Path
path = Path(sys.argv[-1])
with wave.open(str(path)) as audio:
    seconds = audio.getnframes() / audio.getframerate()
def note(word):
    with open("{notes}", "a") as notes:
        notes.write(f"{{word}} {{path.name}}\\n")
note("began")
time.sleep({seconds})
note("ended")
"""


@pytest.fixture(scope="module")
async def spoken(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    folder = tmp_path_factory.mktemp("listen")
    profiles = folder / "profiles"
    profiles.mkdir()
    (profiles / "walk.yaml").write_text(PROFILE)
    env = {"PERDURE_PROFILES": str(profiles)}
    async with running_system(folder, env=env, speech=True) as system:
        with httpx2.Client(timeout=20) as http:
            yield Shell(system, http)


@dataclass
class FakePlayer:
    """A program that is as silent as the tests' machine, and says what it was to play."""

    program: Path
    notes: Path

    @property
    def path(self) -> str:
        return f"{self.program.parent}:{os.environ['PATH']}"

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


def _player(folder: Path, seconds: str = "seconds") -> FakePlayer:
    """It takes the audio's own time, or what is said here."""
    programs = folder / "programs"
    programs.mkdir()
    program, notes = programs / "ffplay", folder / "notes"
    program.write_text(PLAYER.format(python=sys.executable, notes=notes, seconds=seconds))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return FakePlayer(program, notes)


def _plays(first: int, last: int) -> list[str]:
    return [f"{word} {index:04d}.wav" for index in range(first, last + 1) for word in ("began", "ended")]


def _events(shell: Shell, key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shell.run("watch", key, "--json").stdout.splitlines()]


def _newest(shell: Shell) -> str:
    key: str = shell.call("GET", "/sessions?profile=walk&limit=1")["items"][0]["session_key"]
    return key


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def _check_recording(out: Path, events: list[dict[str, Any]]) -> None:
    announced = _of(events, "speech.ready")
    assert [event["sentence_index"] for event in announced] == list(range(len(announced)))
    with wave.open(str(out)) as audio:
        seconds = audio.getnframes() / audio.getframerate()
    expected = sum(event["duration_ms"] for event in announced) / 1000
    # Announced durations are whole milliseconds.
    assert seconds == pytest.approx(expected, abs=0.001 * len(announced))


def _check_words(text: str, events: list[dict[str, Any]]) -> None:
    words = " ".join(text.split())
    places = [words.find(event["text"]) for event in _of(events, "sentence")]
    assert -1 not in places
    assert places == sorted(places)
    assert {words.count(event["text"]) for event in _of(events, "sentence")} == {1}


def _waits_until(holds: Any, seconds: float = 30) -> None:
    until = monotonic() + seconds
    while not holds():
        assert monotonic() < until
        sleep(0.02)


def test_a_whole_session_into_a_file(spoken: Shell, tmp_path: Path) -> None:
    out = tmp_path / "walk.wav"
    player = _player(tmp_path)
    done = spoken.spawn("listen", "--profile", "walk", "--out", str(out), PATH=player.path)
    assert (done.returncode, done.stderr) == (0, "")
    events = _events(spoken, _newest(spoken))
    assert len(_of(events, "speech.ready")) == SENTENCES
    _check_recording(out, events)
    _check_words(done.stdout, events)
    assert "phase 1 of 2: settling\n" in done.stdout
    assert "phase 2 of 2: return\n" in done.stdout
    assert f"{out}: " in done.stdout.splitlines()[-1]
    assert f"{SENTENCES} sentences." in done.stdout.splitlines()[-1]
    assert "Enter" not in done.stdout
    assert not player.noted()


def test_the_file_is_the_same_when_the_api_is_killed_on_the_way(spoken: Shell, tmp_path: Path) -> None:
    out = tmp_path / "walk.wav"
    spoken.script({"tokens_per_second": 15})
    command = [sys.executable, "-m", "workers", "listen", "--profile", "walk", "--out", str(out)]
    with subprocess.Popen(command, env=spoken.env(), cwd=ROOT, stdout=subprocess.PIPE, text=True) as listen:
        try:
            _waits_until(lambda: out.exists() and out.stat().st_size > 44)
            assert listen.poll() is None
            spoken.system.parts["api"].kill()
            sleep(0.5)
            spoken.system.restart("api")
            said, _ = listen.communicate(timeout=60)
            assert listen.returncode == 0
        finally:
            listen.kill()
            spoken.system.parts["api"].revive()
    assert "reconnecting…" in said
    events = _events(spoken, _newest(spoken))
    _check_recording(out, events)
    _check_words(said, events)


def test_a_player_plays_every_sentence_in_order_and_words_come_with_it(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path)
    with spoken.at_terminal("listen", "--profile", "walk", columns=60, PATH=player.path) as person:
        person.waits_until(lambda: len(player.noted()) >= 3, what="the second sentence")
        events = _of(_events_so_far(spoken), "sentence")
        playing = len(player.noted()) // 2
        person.watches(0.1)
        assert events[0]["text"] in person.screen.words
        if len(player.noted()) // 2 == playing and len(events) > playing + 2:
            assert events[playing + 2]["text"] not in person.screen.words
        person.sees("1 of 2")
        person.sees("2 of 2")
        assert person.exit_code(60) == 0
    assert player.noted() == _plays(0, SENTENCES - 1)
    events = _events(spoken, _newest(spoken))
    _check_words(person.screen.text, events)
    assert "has ended: it is complete" in person.screen.words


def _events_so_far(shell: Shell) -> list[dict[str, Any]]:
    page = shell.http.get(
        f"{shell.system.api_url}/v1/sessions/{_newest(shell)}/events?limit=200",
        headers={"Accept": "application/json"},
    )
    events: list[dict[str, Any]] = page.json()["events"]
    return events


def test_there_is_no_session_to_listen_to(spoken: Shell) -> None:
    done = spoken.run("listen", "--session", "SESSION-999")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no such session")


def test_with_play_the_file_holds_what_was_played(spoken: Shell, tmp_path: Path) -> None:
    out, player = tmp_path / "walk.wav", _player(tmp_path, "0.05")
    done = spoken.spawn("listen", "--profile", "walk", "--out", str(out), "--play", PATH=player.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert player.noted() == _plays(0, SENTENCES - 1)
    events = _events(spoken, _newest(spoken))
    _check_recording(out, events)
    _check_words(done.stdout, events)


def test_without_a_player_one_line_says_so(spoken: Shell, tmp_path: Path) -> None:
    done = spoken.spawn("listen", "--profile", "walk", PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    first = done.stdout.splitlines()[0]
    assert first.startswith("Nothing will be heard, there are only words: no player was found (ffplay, mpv, ")
    _check_words(done.stdout, _events(spoken, _newest(spoken)))
    done = spoken.spawn("listen", "--profile", "walk", "--play", PATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    done = spoken.spawn("listen", "--profile", "walk", PERDURE_PLAYER="no-such-player --x")
    assert done.returncode == 2
    assert "no-such-player" in done.stderr


def test_a_player_that_fails_leaves_the_words(spoken: Shell, tmp_path: Path) -> None:
    done = spoken.spawn("listen", "--profile", "walk", PERDURE_PLAYER="false")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("false ended with exit code 1: from here on there are only words.") == 1
    _check_words(done.stdout, _events(spoken, _newest(spoken)))


def test_ctrl_c_ends_the_player_and_leaves_a_session_that_goes_on(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "60")
    files = tmp_path / "files"
    files.mkdir()
    with spoken.at_terminal("listen", "--profile", "walk", PATH=player.path, TMPDIR=str(files)) as person:
        person.waits_until(player.noted, what="the first sentence")
        person.sees("playing · ")
        assert list(files.rglob("0000.wav"))
        person.types(CTRL_C)
        assert person.exit_code() == 130
        assert person.echoes()
        assert f"{_newest(spoken)} goes on without you; come back: " in person.screen.words
    assert not _runs(player)
    assert player.noted() == ["began 0000.wav"]
    assert not list(files.iterdir())


def _runs(player: FakePlayer) -> bool:
    commands = map(_command, Path("/proc").glob("[0-9]*/cmdline"))
    return any(str(player.program).encode() in command for command in commands)


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _listens(spoken: Shell, player: FakePlayer, *more: str, url: str | None = None) -> Person:
    """To a model that is still writing when the first sentence is heard."""
    spoken.script({"tokens_per_second": 12})
    command = ("listen", "--profile", "walk", *more)
    return spoken.at_terminal(*command, PATH=player.path, PERDURE_URL=url or spoken.system.api_url)


def _interrupts(person: Person, player: FakePlayer) -> None:
    _hears_the_first(person, player)
    _presses_enter(person)
    person.waits_until(lambda: not _runs(player), 2, "silence")


def _hears_the_first(person: Person, player: FakePlayer) -> None:
    person.waits_until(player.noted, what="the first sentence")
    person.sees("Enter interrupts")


def _presses_enter(person: Person) -> None:
    person.types(ENTER)
    person.sees("interrupted: write something")


def _leaves(spoken: Shell, person: Person) -> None:
    person.types(CTRL_C)
    person.exit_code()
    spoken.run("close", _newest(spoken))


def test_enter_ends_the_player_at_once_and_what_is_written_is_sent(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "60")
    with _listens(spoken, player) as person:
        _interrupts(person, player)
        assert player.noted() == ["began 0000.wav"]
        person.says("How many messages have I sent?")
        person.waits_until(lambda: _of(_events_so_far(spoken), "message.accepted"), what="the message")
        accepted = _of(_events_so_far(spoken), "message.accepted")
        assert [event["content"] for event in accepted] == ["How many messages have I sent?"]
        _leaves(spoken, person)


def test_a_barge_in_says_what_was_heard(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "60")
    with Overheard(_port_of(spoken)) as line, _listens(spoken, player, url=line.url) as person:
        person.waits_until(player.noted, what="the first sentence")
        person.waits_until(lambda: line.requests("/playback"), what="a report")
        first = {"turn": 1, "sentence_index": 0}
        assert line.requests("/playback") == [{**first, "played_ms": 0, "state": "started"}]
        person.watches(0.3)
        _interrupts(person, player)
        person.waits_until(lambda: line.requests("/barge_in"), what="a barge-in")
        (said,) = line.requests("/barge_in")
        assert said == {**first, "played_ms": said["played_ms"]}
        announced = _of(_events_so_far(spoken), "speech.ready")[0]["duration_ms"]
        assert min(300, announced) <= said["played_ms"] <= announced
        _leaves(spoken, person)


def test_what_is_heard_is_reported_and_what_is_only_written_is_not(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path)
    command = ("listen", "--profile", "walk")
    with Overheard(_port_of(spoken)) as line:
        assert spoken.spawn(*command, PATH=player.path, PERDURE_URL=line.url).returncode == 0
        reports = line.requests("/playback")
    ready = _of(_events(spoken, _newest(spoken)), "speech.ready")
    turns = {event["index"]: event["turn"] for event in _of(_events(spoken, _newest(spoken)), "sentence")}
    assert (
        reports
        == [
            {"turn": turns[index], "sentence_index": index, "played_ms": played, "state": state}
            for index, event in enumerate(ready)
            for played, state in ((0, "started"), (event["duration_ms"], "finished"))
        ][: len(reports)]
    )
    assert len(reports) >= 2 * SENTENCES - 1
    with Overheard(_port_of(spoken)) as line:
        done = spoken.spawn(
            *command, "--out", str(tmp_path / "a.wav"), PATH=player.path, PERDURE_URL=line.url
        )
        assert done.returncode == 0
        assert line.requests("/sessions") == [{"profile": "walk"}]
        assert line.requests("/playback") == []


def _port_of(shell: Shell) -> int:
    return int(shell.system.api_url.rpartition(":")[2])


def test_enter_without_a_player_interrupts_behind_what_was_announced(spoken: Shell, tmp_path: Path) -> None:
    spoken.script({"tokens_per_second": 12})
    command = ("listen", "--profile", "walk", "--no-play")
    with (
        Overheard(_port_of(spoken)) as line,
        spoken.at_terminal(*command, PERDURE_URL=line.url) as person,
    ):
        person.sees("Let yourself arrive")
        person.waits_until(lambda: _of(_events_so_far(spoken), "speech.ready"), what="audio")
        person.watches(0.2)
        person.types(ENTER)
        person.waits_until(lambda: line.requests("/barge_in"), what="a barge-in")
        (said,) = line.requests("/barge_in")
        announced = _of(_events_so_far(spoken), "speech.ready")
        lengths = {event["sentence_index"]: event["duration_ms"] for event in announced}
        assert said["played_ms"] == lengths[said["sentence_index"]]
        _leaves(spoken, person)


def test_enter_again_at_once_goes_on_as_if_nothing_had_been(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "1")
    out = tmp_path / "walk.wav"
    with _listens(spoken, player, "--play", "--out", str(out)) as person:
        _interrupts(person, player)
        person.types(ENTER)
        person.sees("has ended", 60)
        assert person.exit_code() == 0
    noted = player.noted()
    assert noted[0] == "began 0000.wav"
    events = _events(spoken, _newest(spoken))
    spoken_ones = [event["sentence_index"] for event in _of(events, "speech.ready")]
    assert noted[1:] == [f"{word} {index:04d}.wav" for index in spoken_ones for word in ("began", "ended")]
    _check_recording(out, events)
    _check_words(person.screen.text, events)


def test_a_barge_in_cuts_the_turn_to_what_was_heard(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "60")
    with _listens(spoken, player) as person:
        _interrupts(person, player)
        person.waits_until(lambda: _of(_events_so_far(spoken), "interruption"), what="the interruption")
        (interruption,) = _of(_events_so_far(spoken), "interruption")
        assert interruption["turn"] == 1
        person.says("What is next?")
        heard = "interrupted; heard of it:" if interruption["heard_text"] else "interrupted before a word"
        person.sees(heard)
        person.waits_until(lambda: len(player.noted()) >= 2, what="the next answer")
        next_one = int(player.noted()[1].split()[1].removesuffix(".wav"))
        told = {event["index"]: event["turn"] for event in _of(_events_so_far(spoken), "sentence")}
        assert told[next_one] > 1
        assert "Not interrupted" not in person.screen.words
        _leaves(spoken, person)


def test_a_barge_in_is_taken_back(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "1")
    with Overheard(_port_of(spoken)) as line, _listens(spoken, player, url=line.url) as person:
        _hears_the_first(person, player)
        _presses_enter(person)
        # At once: two seconds later, the interruption stands.
        person.types(ENTER)
        person.waits_until(lambda: len(line.requests("/barge_in")) == 2, what="the second thoughts")
        assert line.requests("/barge_in")[1] == {"resume": True}
        person.waits_until(lambda: player.noted()[1:3] == _plays(0, 0), what="the sentence again")
        assert "Not " not in person.screen.words
        _leaves(spoken, person)


def test_news_that_come_late_silence_nothing(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "1")
    with Overheard(_port_of(spoken)) as line, _listens(spoken, player, url=line.url) as person:
        _hears_the_first(person, player)
        with line.without_news():
            _presses_enter(person)
            person.waits_until(lambda: _of(_events_so_far(spoken), "interruption"), what="the interruption")
            person.types(ENTER)
            person.waits_until(lambda: player.noted()[1:] == ["began 0000.wav"], what="the sentence again")
        person.waits_until(lambda: player.noted()[1:3] == _plays(0, 0), what="its end")
        _leaves(spoken, person)


def test_what_was_announced_while_somebody_thought_twice_is_heard(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "1")
    with Overheard(_port_of(spoken)) as line, _listens(spoken, player, url=line.url) as person:
        _hears_the_first(person, player)
        with line.without_news():
            person.waits_until(
                lambda: len(_of(_events_so_far(spoken), "speech.ready")) > 1, what="the second"
            )
            _presses_enter(person)
        person.watches(0.3)
        person.types(ENTER)
        person.waits_until(lambda: player.noted()[1:5] == _plays(0, 1), what="both sentences")
        _leaves(spoken, person)


def test_a_terminal_that_moves_no_cursor_takes_enter_too(spoken: Shell, tmp_path: Path) -> None:
    player = _player(tmp_path, "60")
    spoken.script({"tokens_per_second": 12})
    with spoken.at_terminal("listen", "--profile", "walk", PATH=player.path, TERM="dumb") as person:
        person.waits_until(player.noted, what="the first sentence")
        person.types(ENTER)
        person.waits_until(lambda: not _runs(player), 5, "silence")
        person.says("What is next?")
        person.waits_until(lambda: _of(_events_so_far(spoken), "message.accepted"), what="the message")
        person.sees("interrupted")
        person.types(CTRL_D)
        assert person.exit_code() == 0
        assert "goes on without you; come back: " in person.screen.words
    assert not _runs(player)
    spoken.run("close", _newest(spoken))


def test_what_was_spoken_can_be_heard_again(spoken: Shell, tmp_path: Path) -> None:
    key = spoken.call("POST", "/sessions", profile="walk")["session_key"]
    spoken.run("watch", key)
    out, player = tmp_path / "again.wav", _player(tmp_path, "0.05")
    done = spoken.spawn("listen", "--session", key, "--play", "--out", str(out), PATH=player.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert player.noted() == _plays(0, SENTENCES - 1)
    _check_recording(out, _events(spoken, key))
    with spoken.at_terminal("listen", "--session", key, PATH=_slow(player).path) as person:
        person.sees("playing")
        person.types(CTRL_C)
        assert person.exit_code() == 130
        assert f"{key} is over; hear it again: " in person.screen.words


def _slow(player: FakePlayer) -> FakePlayer:
    player.program.write_text(player.program.read_text().replace("sleep(0.05)", "sleep(60)"))
    return player
