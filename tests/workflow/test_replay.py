"""Histories of earlier releases still replay.

When this fails, a change made the workflow give other commands for the same past: sessions that run now
would stop at their next task. Patch the change (`workflow.patched`) or give it a new build; do not record
anew. A history is recorded by running the test that makes it with RECORD_HISTORIES=tests/workflow/histories.
"""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from tests.replayer import REPLAYER, is_lost_lock

HISTORIES = {
    path.stem: path.read_text("utf-8")
    for path in sorted((Path(__file__).parent / "histories").glob("*.json"))
}


@pytest.mark.parametrize("name", HISTORIES)
async def test_a_committed_history_replays(name: str) -> None:
    await REPLAYER.replay_workflow(WorkflowHistory.from_json(name, HISTORIES[name]))


def test_there_are_histories() -> None:
    assert len(HISTORIES) >= 5


def test_only_a_lost_import_lock_is_tried_again() -> None:
    place = 'stack_trace: "File \\"<frozen importlib._bootstrap>\\", line 123, in acquire"'
    assert is_lost_lock(RuntimeError(f'message: "140547547347840", {place}, r#type: "KeyError"'))
    assert not is_lost_lock(RuntimeError(f'message: "no module x", {place}, r#type: "ImportError"'))
    assert not is_lost_lock(RuntimeError('message: "title", r#type: "KeyError"'))
    assert not is_lost_lock(None)
