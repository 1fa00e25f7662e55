"""What tests of the API ask and expect, in few words.

Owns the checks that every answer must pass; must not know what a test is about.
"""

from collections.abc import Sequence
from typing import Any, Final

import httpx2

from api.errors import PROBLEM_JSON
from tests.reducer import Reducer
from tests.viewer import ended, turn_over, watch
from workflows.contract.errors import ErrorCode

Http = httpx2.AsyncClient
Json = dict[str, Any]

SESSION_FIELDS: Final = {
    *("session_id", "session_key", "profile", "title", "user_id", "status", "end_reason", "phase"),
    *("voice_state", "limits", "message_count", "queued", "queue", "turn", "usage", "created_at"),
    *("updated_at", "last_activity_at", "idle_at", "ends_at", "active_seconds", "metadata", "settings"),
    *("workflow_id", "cursor"),
}
PROBLEM_FIELDS: Final = {"type", "title", "status", "detail", "code"}
AS_JSON: Final = {"Accept": "application/json"}


def answer(response: httpx2.Response, status: int = 200) -> Json:
    """The body of an answer that was expected."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers["content-type"] == "application/json"
    body: Json = response.json()
    return body


def refusal(response: httpx2.Response, status: int, code: str, *fields: str) -> Json:
    """The problem with which a request was refused; `fields` are those it calls wrong."""
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM_JSON), response.text
    problem: Json = response.json()
    assert set(problem) - {"errors"} == PROBLEM_FIELDS
    assert problem["status"] == status
    assert problem["code"] == code
    assert code in set(ErrorCode)
    assert problem["type"] == f"urn:perdure:problem:{code.replace('_', '-')}"
    assert problem["detail"]
    assert "Traceback" not in response.text
    if fields:
        assert {error["field"] for error in problem["errors"]} == set(fields)
    return problem


async def start(http: Http, **body: Any) -> Json:
    return answer(await http.post("/v1/sessions", json=body), 201)


async def say(http: Http, session_id: str, content: str = "hello", **body: Any) -> Json:
    return answer(
        await http.post(f"/v1/sessions/{session_id}/messages", json={"content": content, **body}), 202
    )


async def read(http: Http, session_id: str, **query: str) -> Json:
    return answer(await http.get(f"/v1/sessions/{session_id}", params=query))


async def change(http: Http, session_id: str, **changes: Any) -> Json:
    return answer(await http.patch(f"/v1/sessions/{session_id}", json=changes))


async def act(http: Http, session_id: str, action: str) -> Json:
    """Pause, resume or stop."""
    return answer(await http.post(f"/v1/sessions/{session_id}/{action}"), 202)


async def close(http: Http, session_id: str) -> Json:
    """The session, once it is closed."""
    answer(await http.delete(f"/v1/sessions/{session_id}"), 202)
    await watch(http, session_id, ended)
    return await read(http, session_id)


async def page(http: Http, session_id: str, **query: Any) -> Json:
    url = f"/v1/sessions/{session_id}/events"
    return answer(await http.get(url, params=query, headers=AS_JSON))


async def logged(http: Http, session_id: str) -> list[Json]:
    """Everything that is in the log now."""
    events: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        found = await page(http, session_id, limit=200, **cursor)
        if not found["events"]:
            return events
        events += found["events"]
        cursor = {"after": found["cursor"]}


async def answered(http: Http, session_id: str, turn: int = 1) -> Reducer:
    """What a viewer holds when `turn` is over."""
    return await watch(http, session_id, turn_over(turn))


async def running(http: Http, session_id: str, turn: int = 1) -> Reducer:
    """What a viewer holds when the first words of `turn` are there."""
    return await watch(
        http, session_id, lambda _, event: event["type"] == "message.delta" and event["turn"] == turn
    )


async def transcript(http: Http, session_id: str, **query: Any) -> list[Json]:
    found = answer(await http.get(f"/v1/sessions/{session_id}/messages", params={"limit": 200, **query}))
    items: list[Json] = found["items"]
    return items


def kinds(events: Sequence[Json]) -> list[str]:
    return [event["type"] for event in events]
