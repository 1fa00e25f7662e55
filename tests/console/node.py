"""Node, which runs the browser's library where there is no browser.

Owns finding it and starting scripts of this folder with it. Must not know what they test.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

FOLDER: Final = Path(__file__).parent
LIBRARY: Final = FOLDER.parent.parent / "api" / "console"
SECONDS: Final = 60.0
OLDEST: Final = 20


def node() -> str:
    """Node on this machine; where there is none, skips the test or the module that asks."""
    found = shutil.which("node")
    if found is None:
        _skip("Node is not installed: the browser's library is not tested here.")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        _skip(f"Node {version.strip()} is too old: the browser's library wants {OLDEST} or later.")
    return found


def _skip(reason: str) -> NoReturn:
    pytest.skip(reason, allow_module_level=True)


def run(script: str, asked: Any) -> Any:
    """What `script` of this folder answers to `asked`, both as JSON on its standard streams."""
    done = subprocess.run(
        [node(), str(FOLDER / script)],
        input=json.dumps(asked),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
