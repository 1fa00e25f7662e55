"""The library's types: what the module does is what its declarations say, by TypeScript's strict rules."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.console.node import FOLDER, LIBRARY, node

node()

TYPESCRIPT = "typescript@7.0.2"
INSTALL_SECONDS = 60
STRICT = (
    "--noEmit", "--allowJs", "--checkJs", "--strict", "--noUnusedLocals", "--noUnusedParameters",
    "--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler",
)  # fmt: skip


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library, what uses it, and the compiler."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: the library's types are not checked here.")
    folder = tmp_path_factory.mktemp("types")
    argv = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-save", TYPESCRIPT]
    try:
        subprocess.run(argv, capture_output=True, check=True, timeout=INSTALL_SECONDS, cwd=folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"npm cannot install {TYPESCRIPT}: the library's types are not checked here.")
    shutil.copy(LIBRARY / "perdure-client.js", folder / "module.js")
    for file in (LIBRARY / "perdure-client.js", LIBRARY / "perdure-client.d.ts", FOLDER / "types_agree.ts"):
        shutil.copy(file, folder)
    return folder


def _complaints(folder: Path, *files: str) -> str:
    argv = [str(folder / "node_modules" / ".bin" / "tsc"), *STRICT, *files]
    done = subprocess.run(argv, capture_output=True, encoding="utf-8", cwd=folder, timeout=60, check=False)
    return done.stdout + done.stderr


def test_the_module_keeps_its_own_types(typescript: Path) -> None:
    assert not _complaints(typescript, "perdure-client.js")


def test_what_the_module_does_is_what_it_declares(typescript: Path) -> None:
    assert not _complaints(typescript, "types_agree.ts")


def test_a_declaration_that_is_wrong_is_noticed(typescript: Path) -> None:
    declared = typescript / "perdure-client.d.ts"
    right = declared.read_text("utf-8")
    declared.write_text(
        right.replace("refresh(): Promise<SessionSnapshot>", "refresh(): SessionSnapshot"), "utf-8"
    )
    try:
        assert "not assignable to type '() => SessionSnapshot'" in _complaints(typescript, "types_agree.ts")
    finally:
        declared.write_text(right, "utf-8")
