"""The sandbox lets contract and state through: what it would have caught is caught here.

Imports are the import rule's; this looks for the clock that `datetime` brings along.
"""

import ast
from pathlib import Path

import pytest

WORKFLOWS = Path(__file__).parents[2] / "workflows"
PURE = sorted([*(WORKFLOWS / "contract").rglob("*.py"), *(WORKFLOWS / "state").rglob("*.py")])
CLOCKS = {"now", "today", "utcnow"}


@pytest.mark.parametrize("module", PURE, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_no_pure_module_reads_the_clock(module: Path) -> None:
    calls = (node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Call))
    read = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)} & CLOCKS
    assert not read
