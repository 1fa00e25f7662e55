"""The wheel holds what the code reads at run time, not only the code."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("activities", "api", "workers", "workflows")
BUILD = "from setuptools.build_meta import build_wheel; build_wheel('.')"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel that is built from a copy: an earlier build leaves files that would be found."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    return set(ZipFile(wheel).namelist())


@pytest.mark.parametrize(
    ("folder", "pattern"), [("api/console", "*"), ("api/profiles", "*"), ("activities/store", "*.lua")]
)
def test_what_is_no_code_is_packed_too(packed: set[str], folder: str, pattern: str) -> None:
    wanted = {str(file.relative_to(ROOT)) for file in (ROOT / folder).rglob(pattern) if file.is_file()}
    assert wanted
    assert wanted <= packed
