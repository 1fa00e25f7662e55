"""Packages from npm, for tests only.

Owns installing them. Must not put anything where the product could find it.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

SECONDS: Final = 60


def install(folder: Path, *packages: str, otherwise: str) -> None:
    """`packages` into `folder`; where that cannot be, skips the test that asks, which is `otherwise`."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"npm is not installed: {otherwise}.")
    argv = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-save", *packages]
    try:
        subprocess.run(argv, capture_output=True, check=True, timeout=SECONDS, cwd=folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"npm cannot install {' '.join(packages)}: {otherwise}.")
