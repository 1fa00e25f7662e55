"""What the end of a turn costs in history, and who says it."""

import asyncio
from collections.abc import Callable
from typing import Any

Start = Callable[..., Any]


async def kinds_after(session: Any, seen: int) -> list[str]:
    history = await session.handle.fetch_history()
    return [event.WhichOneof("attributes").removesuffix("_event_attributes") for event in history.events][
        seen:
    ]


async def test_a_turn_ends_without_a_publication_of_the_workflow(talk: Start) -> None:
    session = await talk("hello")
    await session.until("turn.completed")
    await session.snapshot()
    seen = len(await kinds_after(session, 0))
    await session.say("again", "m2")
    await session.until("turn.completed", turn=2)
    # The step has said so before the workflow knows.
    while (await session.snapshot())["status"] != "idle":
        await asyncio.sleep(0.01)
    task = ["workflow_task_scheduled", "workflow_task_started", "workflow_task_completed"]
    step = ["activity_task_scheduled", "activity_task_started", "activity_task_completed"]
    assert await kinds_after(session, seen) == ["workflow_execution_signaled", *task, *step, *task]
    assert session.kinds()[-3:] == ["message.completed", "turn.completed", "session.status_changed"]


async def test_where_a_message_waits_the_workflow_says_the_end(talk: Start, script: Start) -> None:
    await script(text="one two three four five", tokens_per_second=5)
    session = await talk("hello")
    await session.until("message.delta")
    await session.say("and then?", "m2", delivery="queue")
    await session.until("turn.completed", turn=2)
    kinds = session.kinds()
    assert kinds.count("turn.completed") == 2
    assert not session.seen("reset")
    assert kinds.index("message.accepted", kinds.index("message.delta")) < kinds.index("turn.completed")
