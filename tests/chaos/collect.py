"""What can be known of a run when it is over: the sessions as they came to rest, and their histories.

Owns the asking; must not judge.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

from activities.store.cursor import Cursor
from tests.chaos.checker import AT_REST
from tests.chaos.clock import Clock
from tests.chaos.records import Settled
from tests.chaos.viewer import Viewer
from tests.replayer import REPLAYER
from workflows.contract.session import workflow_id

LOOK_SECONDS: Final = 0.25
LISTED_SECONDS: Final = 20.0
SOON: Final = timedelta(minutes=10)
"""A session whose clock strikes within it is not at rest."""
GONE: Final = {"status": "gone", "turn": None, "queued": 0, "title": None, "cursor": "0-0"}
"""A session that the API does not know."""


class Collector:
    """Asks one API process and the engine."""

    def __init__(self, http: httpx2.AsyncClient, engine: Client, clock: Clock) -> None:
        self._http = http
        self._engine = engine
        self._clock = clock

    async def until_at_rest(self, session_ids: Iterable[str], deadline: float) -> None:
        """Wait until nothing runs and nothing waits; no longer than until `deadline`."""
        for session_id in session_ids:
            while self._clock.now() < deadline and not await self._is_at_rest(session_id):
                await asyncio.sleep(LOOK_SECONDS)

    async def until_all_seen(self, viewers: Sequence[Viewer], deadline: float) -> None:
        """Wait until every viewer has seen everything; no longer than until `deadline`."""
        for session_id in {viewer.session_id for viewer in viewers}:
            session = await self._session(session_id)
            goal = Cursor.parse(session["cursor"]) if session else None
            watching = [viewer for viewer in viewers if viewer.session_id == session_id]
            while goal and self._clock.now() < deadline:
                ends = [viewer.ended for viewer in watching]
                closed = session is not None and session["status"] == "closed"
                if all(ends) if closed else all(viewer.has_reached(goal) for viewer in watching):
                    break
                await asyncio.sleep(LOOK_SECONDS)

    async def settled(self, session_ids: Sequence[str]) -> list[Settled]:
        """Everything about each session."""
        listed = await self._until_listed(session_ids)
        return [await self._settled(session_id, listed.count(session_id)) for session_id in session_ids]

    async def _session(self, session_id: str) -> dict[str, Any] | None:
        with suppress(httpx2.HTTPError):
            answer = await self._http.get(f"/v1/sessions/{session_id}")
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
        return None

    async def _is_at_rest(self, session_id: str) -> bool:
        session = await self._session(session_id)
        if session is None or session["status"] not in AT_REST or session["turn"] or session["queued"]:
            return False
        return not any(_strikes_soon(session[clock]) for clock in ("idle_at", "ends_at"))

    async def _settled(self, session_id: str, listed: int) -> Settled:
        histories = await self._histories(session_id)
        events = [event for history in histories for event in history.events]
        gone: dict[str, Any] = {**GONE, "session_key": session_id}
        return Settled(
            session_id=session_id,
            session=await self._session(session_id) or gone,
            transcript=await self._pages(f"/v1/sessions/{session_id}/messages"),
            listed=listed,
            signalled=sorted(set(filter(None, map(_message_in, events)))),
            turns_called=sorted({turn for event in events if (turn := _turn_called(event))}),
            replay_failure=await _replay(histories),
        )

    async def _pages(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await self._http.get(path, params={"limit": "200", **cursor})
            if answer.status_code != 200:
                # What is missing of a session is found by the checker.
                return items
            page = answer.json()
            items += page["items"]
            if not page["next_cursor"]:
                return items
            cursor = {"cursor": page["next_cursor"]}

    async def _until_listed(self, session_ids: Sequence[str]) -> list[str]:
        deadline = self._clock.now() + LISTED_SECONDS
        while True:
            listed = [session["session_id"] for session in await self._pages("/v1/sessions")]
            if set(session_ids) <= set(listed) or self._clock.now() > deadline:
                return listed
            await asyncio.sleep(LOOK_SECONDS)

    async def _histories(self, session_id: str) -> list[WorkflowHistory]:
        """Of all runs, oldest first."""
        histories: list[WorkflowHistory] = []
        run_id: str | None = None
        while True:
            handle = self._engine.get_workflow_handle(workflow_id(session_id), run_id=run_id)
            history = await handle.fetch_history()
            histories.insert(0, history)
            run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
            if not run_id:
                return histories


def _strikes_soon(moment: str | None) -> bool:
    return moment is not None and datetime.fromisoformat(moment) < datetime.now(UTC) + SOON


async def _replay(histories: Iterable[WorkflowHistory]) -> str:
    for history in histories:
        try:
            await REPLAYER.replay_workflow(history)
        except Exception as error:  # noqa: BLE001  whatever it is, it is what the run was for
            return f"{type(error).__name__}: {error}"[:2_000]
    return ""


def _message_in(event: HistoryEvent) -> str | None:
    """The id of the message that a signal, or the start, brought."""
    if event.HasField("workflow_execution_signaled_event_attributes"):
        signal = event.workflow_execution_signaled_event_attributes
        if signal.signal_name == "send_message":
            found: str | None = json.loads(signal.input.payloads[0].data).get("message_id")
            return found
    if event.HasField("workflow_execution_started_event_attributes"):
        start = json.loads(event.workflow_execution_started_event_attributes.input.payloads[0].data)["start"]
        return (start.get("first_message") or {}).get("message_id")
    return None


def _turn_called(event: HistoryEvent) -> int | None:
    if not event.HasField("activity_task_scheduled_event_attributes"):
        return None
    activity = event.activity_task_scheduled_event_attributes
    if activity.activity_type.name != "call_model":
        return None
    turn: int = json.loads(activity.input.payloads[0].data)["turn"]
    return turn
