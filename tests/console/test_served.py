"""What browsers are sent: the console's own scripts without their comments, and not too much of them."""

import subprocess
from pathlib import Path

import pytest

from api.console_files import FOR_READERS, load_console
from tests.console.node import LIBRARY, node
from tests.console.npm import install
from tests.console.react_pages import ESBUILD

node()

MOST_BYTES = 100 * 1024
SERVED = load_console()
WRITTEN = sorted(name for name in SERVED if name.endswith(FOR_READERS))
FOR_OTHERS = {"use-session.js"}


@pytest.fixture(scope="module")
def esbuild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("esbuild")
    install(folder, ESBUILD, otherwise="what is taken out of scripts is not tested here")
    return folder / "node_modules" / ".bin" / "esbuild"


def meaning(esbuild: Path, name: str, written: bytes) -> bytes:
    """Without comments and blanks, as a compiler finds them."""
    argv = [
        str(esbuild),
        f"--loader={name.rpartition('.')[2]}",
        "--minify-whitespace",
        "--legal-comments=none",
    ]
    return subprocess.run(argv, input=written, capture_output=True, check=True, timeout=30).stdout


def test_only_comments_are_taken_out(esbuild: Path) -> None:
    for name in WRITTEN:
        written = (LIBRARY / name).read_bytes()
        sent = SERVED[name].content
        assert meaning(esbuild, name, sent) == meaning(esbuild, name, written), name
        assert sent.count(b"\n") == written.count(b"\n"), name
        assert b"@param" not in sent, name


def test_the_console_is_small() -> None:
    page = {name: len(file.content) for name, file in SERVED.items() if Path(name).suffix != ".ts"}
    weight = sum(size for name, size in page.items() if name not in FOR_OTHERS)
    print(f"\nthe console: {weight:,} bytes", page)  # noqa: T201 - the figure is wanted
    assert 0 < weight <= MOST_BYTES
