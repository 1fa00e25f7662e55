"""The library's types: what the module does is what its declarations say, by TypeScript's strict rules."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.console.node import FOLDER, LIBRARY, node
from tests.console.npm import install

node()

TYPESCRIPT = "typescript@7.0.2"
REACTS = ("@types/react@18.3.31", "@types/react@19.3.0")
MODULES = {"perdure-client": "module", "use-session": "react_module"}
"""And the names of copies without declarations beside them."""
USERS = ("types_agree.ts", "react_types_agree.ts")
STRICT = (
    "--noEmit", "--allowJs", "--checkJs", "--strict", "--noUnusedLocals", "--noUnusedParameters",
    "--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler",
)  # fmt: skip


@pytest.fixture(scope="module", params=REACTS)
def typescript(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library, what uses it, the types of one React, and the compiler."""
    folder = tmp_path_factory.mktemp("types")
    install(folder, TYPESCRIPT, request.param, otherwise="the library's types are not checked here")
    for name, alone in MODULES.items():
        shutil.copy(LIBRARY / f"{name}.js", folder / f"{alone}.js")
        shutil.copy(LIBRARY / f"{name}.js", folder)
        shutil.copy(LIBRARY / f"{name}.d.ts", folder)
    for file in USERS:
        shutil.copy(FOLDER / file, folder)
    shutil.copytree(LIBRARY / "page", folder / "page")
    return folder


def _complaints(folder: Path, *files: str) -> str:
    argv = [str(folder / "node_modules" / ".bin" / "tsc"), *STRICT, *files]
    done = subprocess.run(argv, capture_output=True, encoding="utf-8", cwd=folder, timeout=60, check=False)
    return done.stdout + done.stderr


def test_the_module_keeps_its_own_types(typescript: Path) -> None:
    assert not _complaints(typescript, *(f"{name}.js" for name in MODULES))


def test_the_page_keeps_its_own_types(typescript: Path) -> None:
    assert not _complaints(typescript, *(str(file) for file in (typescript / "page").glob("*.js")))


def test_what_the_module_does_is_what_it_declares(typescript: Path) -> None:
    assert not _complaints(typescript, *USERS)


@pytest.mark.parametrize(
    ("declares", "wrongly", "complaint"),
    [
        (
            "refresh(): Promise<SessionSnapshot>",
            "refresh(): SessionSnapshot",
            "not assignable to type '() => SessionSnapshot'",
        ),
        (
            "readonly isOver: boolean",
            "readonly isOver: string",
            "'boolean' is not assignable to type 'string'",
        ),
        ("start?: NewSession", "begin?: NewSession", "Property 'start' does not exist"),
        ("select?: (view: SessionView) => T", "select?: (view: State) => T", "not assignable"),
    ],
)
def test_a_declaration_that_is_wrong_is_noticed(
    typescript: Path, declares: str, wrongly: str, complaint: str
) -> None:
    [declared] = [file for file in typescript.glob("*.d.ts") if declares in file.read_text("utf-8")]
    right = declared.read_text("utf-8")
    declared.write_text(right.replace(declares, wrongly), "utf-8")
    try:
        assert complaint in _complaints(typescript, *USERS, *(f"{name}.js" for name in MODULES.values()))
    finally:
        declared.write_text(right, "utf-8")
