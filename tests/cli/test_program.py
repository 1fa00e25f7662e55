"""How the program's commands are spelled, so that they can be typed."""

import os
import sys
from pathlib import Path

import pytest

from api.cli.program import typed


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in a checkout, which is the working directory; PATH does not lead to it."""
    program = _program(tmp_path / "checkout" / ".venv" / "bin")
    monkeypatch.chdir(tmp_path / "checkout")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", [str(program)])
    return program


def _program(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "perdure").touch(mode=0o755)
    return folder / "perdure"


def test_a_program_that_is_not_on_path_is_named_by_its_path(installed: Path) -> None:
    assert typed("chat", "--session", "SESSION-001") == ".venv/bin/perdure chat --session SESSION-001"


def test_a_program_on_path_is_named_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (str(installed.parent), ".venv/bin"):
        monkeypatch.setenv("PATH", folder)
        assert typed("chat") == "perdure chat"


def test_a_link_on_path_leads_to_it_too(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "perdure").symlink_to(installed)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert typed("up") == "perdure up"


def test_another_one_on_path_is_not_meant(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(_program(tmp_path / "bin").parent))
    assert typed("up") == ".venv/bin/perdure up"


def test_from_elsewhere_the_shorter_path_is_taken(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path.joinpath(*["far"] * (len(str(tmp_path)) // 2))
    away.mkdir(parents=True)
    monkeypatch.chdir(away)
    assert typed("chat") == f"{installed} chat"
    monkeypatch.chdir(installed.parent)
    assert typed("chat") == "./perdure chat"


def test_a_module_is_named_by_the_program_beside_its_interpreter(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/lib/workers/__main__.py"])
    monkeypatch.setattr(sys, "executable", str(installed.with_name("python")))
    assert typed("chat") == ".venv/bin/perdure chat"


def test_what_is_gone_is_no_reason_to_fail(installed: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert typed("chat") == "perdure chat"
