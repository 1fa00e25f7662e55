import asyncio
from typing import Any

import httpx2
import pytest

from tests.api.asking import Http, Json, change, logged, refusal, running, start, transcript
from tests.reducer import Reducer
from tests.system import System
from tests.viewer import ended, watch

MESSAGES = 50


async def end(http: Http, session_id: str, after: float) -> httpx2.Response:
    await asyncio.sleep(after)
    return await http.delete(f"/v1/sessions/{session_id}")


async def send(http: Http, session_id: str, number: int, spread: float) -> httpx2.Response:
    await asyncio.sleep(spread * number / MESSAGES)
    body = {"content": f"number {number}", "message_id": f"m{number}", "delivery": "queue"}
    return await http.post(f"/v1/sessions/{session_id}/messages", json=body)


@pytest.mark.parametrize(
    ("spread", "after", "busy"), [(0.0, 0.0, False), (0.4, 0.2, False), (0.3, 0.05, True), (0.6, 0.3, True)]
)
async def test_no_message_is_both_taken_and_lost(
    http: Http, system: System, spread: float, after: float, busy: bool
) -> None:
    if busy:
        await system.script(contains="go on", tokens=3000, tokens_per_second=100)
    session_id = (await start(http, **({"message": {"content": "go on"}} if busy else {})))["session_id"]
    if busy:
        await running(http, session_id)
    viewer = asyncio.create_task(watch(http, session_id, ended))
    deleted, *responses = await asyncio.gather(
        end(http, session_id, after), *(send(http, session_id, n, spread) for n in range(MESSAGES))
    )
    assert deleted.status_code == 202
    held = await viewer
    events = await logged(http, session_id)
    assert events[-1]["type"] == "session.ended"
    shown = {
        event["message_id"] for event in events if event["type"] in {"message.accepted", "message.rejected"}
    }
    for number, response in enumerate(responses):
        if response.status_code != 202:
            refusal(response, 409, "session_closed")
        assert response.status_code == 409 or f"m{number}" in shown
    assert_settled(held, events, await transcript(http, session_id))


def assert_settled(held: Reducer, events: list[Json], said: list[Json]) -> None:
    """What was accepted was used or rejected; nothing waits."""
    fresh = Reducer()
    for event in events:
        fresh.feed(event)
    assert fresh.messages == held.messages
    assert {message.status for message in held.messages.values()} <= {"complete", "stopped", "rejected"}
    used = [key for key, message in held.messages.items() if message.status != "rejected"]
    # Accepted early and used late, where it waited in the queue: the transcript is in the order of use.
    assert sorted(message["message_id"] for message in said) == sorted(used)
    assert [message["turn"] for message in said] == sorted(message["turn"] for message in said)


async def test_every_write_that_meets_the_end_is_done_or_refused(http: Http) -> None:
    for after in (0.0, 0.03):
        session_id = (await start(http))["session_id"]
        url = f"/v1/sessions/{session_id}"
        writes: list[Any] = [http.patch(url, json={"metadata": {f"k{n}": n}}) for n in range(8)]
        writes += [http.post(f"{url}/{verb}") for verb in ("pause", "resume") * 3]
        finals = [http.post(f"{url}/stop") for _ in range(5)] + [http.delete(url) for _ in range(5)]
        deleted, *responses = await asyncio.gather(end(http, session_id, after), *finals, *writes)
        assert deleted.status_code == 202
        assert [response.status_code for response in responses[:10]] == [202] * 10
        for response in responses[10:]:
            if response.status_code not in {200, 202}:
                refusal(response, 409, "session_closed")
        await watch(http, session_id, ended)


async def test_changes_do_not_lose_each_other(http: Http) -> None:
    session_id = (await start(http))["session_id"]
    changed = await asyncio.gather(*(change(http, session_id, metadata={f"k{n}": n}) for n in range(10)))
    assert max(len(session["metadata"]) for session in changed) == 10
