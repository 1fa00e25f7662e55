"""Activities whose end nobody waits for any more.

Owns how one is let go; must not know what it did.
"""

from typing import Any

from temporalio import workflow


def let_go(activity: workflow.ActivityHandle[Any]) -> None:
    """Ask `activity` to end; how it does is nobody's business."""
    activity.add_done_callback(_take_note)
    activity.cancel()


def _take_note(activity: Any) -> None:
    """An error that nobody asks for would be logged as a fault."""
    if not activity.cancelled():
        activity.exception()
