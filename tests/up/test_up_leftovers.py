"""What an earlier `up` left running is ended, and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.up import births, disk
from workers.up.births import Births, birth_of
from workers.up.refusal import UpRefusedError

Start = Callable[..., subprocess.Popen[bytes]]
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def start(*argv: str) -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True))
        return running[-1]

    yield start
    for child in running:
        child.kill()
        child.communicate()


async def test_a_leftover_is_ended(tmp_path: Path, start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    left = start("sleep", "60")
    Births(tmp_path / "births.json").note("worker", left.pid)
    await Births(tmp_path / "births.json").end_leftovers()
    assert birth_of(left.pid) is None
    line = f"worker (pid {left.pid}) was left over from an earlier up; ending it\n"
    assert capsys.readouterr().err == line


async def test_a_leftover_that_does_not_listen_is_killed(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(births, "GRACE", 0.2)
    left = start(sys.executable, "-c", DEAF)
    assert left.stdout
    left.stdout.readline()
    Births(tmp_path / "births.json").note("worker", left.pid)
    await Births(tmp_path / "births.json").end_leftovers()
    assert birth_of(left.pid) is None


async def test_another_process_with_the_same_pid_lives(tmp_path: Path, start: Start) -> None:
    stranger = start("sleep", "60")
    path = tmp_path / "births.json"
    Births(path).note("worker", stranger.pid)
    noted = json.loads(path.read_text())
    noted["worker"]["birth"] += "0"
    path.write_text(json.dumps(noted))
    await Births(path).end_leftovers()
    assert birth_of(stranger.pid) is not None


async def test_a_leftover_that_cannot_be_ended_is_refused(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(births, "GRACE", 0.05)
    monkeypatch.setattr(births, "signal_group", lambda *_: None)
    left = start("sleep", "60")
    Births(tmp_path / "births.json").note("worker", left.pid)
    with pytest.raises(UpRefusedError) as refusal:
        await Births(tmp_path / "births.json").end_leftovers()
    line = f"worker (pid {left.pid}) of an earlier up does not end; end it, then start again"
    assert refusal.value.lines == (line,)


async def test_a_damaged_list_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "births.json").write_text('{"worker": {"pid": "x"}, "api": 3}')
    await Births(tmp_path / "births.json").end_leftovers()


@pytest.mark.parametrize("birth", [births.birth_of, births._birth_by_ps])
def test_a_birth_is_the_same_until_death(birth: Callable[[int], str | None], start: Start) -> None:
    child = start("sleep", "60")
    before = birth(child.pid)
    assert before
    assert birth(child.pid) == before
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert birth(child.pid) is None


def test_births_differ(start: Start) -> None:
    child = start("sleep", "60")
    assert birth_of(child.pid) != birth_of(os.getpid())


def test_a_lost_directory_is_said(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert disk._shortage_now(gone) == (
        f"data directory {gone} is lost (No such file or directory); stop with Ctrl-C and start again"
    )
