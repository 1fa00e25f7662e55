"""A session on the real Temporal server with a clock that can be moved, the real store, the offline model."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any, Final

import httpx2
import pytest
from openai import AsyncOpenAI
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities.store.client import connect
from activities.store.cursor import BEGINNING, Cursor
from activities.store.log_reader import LogReader
from activities.voices import Voices
from tests.ports import free_port
from tests.reducer import Reducer
from tests.replayer import REPLAYER
from tests.system import Part, store_argv
from workers.build import build_worker
from workers.offline.server import OfflineServer, running
from workers.offline.settings import OfflineSettings
from workers.offline_speech.server import OfflineSpeechServer
from workers.offline_speech.server import running as running_speech
from workers.offline_speech.settings import SpeechSettings
from workflows.contract.commands import SendMessage
from workflows.contract.profile import Agent, CallMode, Limits, ModelChoice, Profile
from workflows.contract.session import workflow_id
from workflows.contract.start import LISTED_AFTER, RetrySchedule, SessionStart
from workflows.contract.wire import DATA_CONVERTER, SEARCH_ATTRIBUTES, TASK_QUEUE, WORKFLOW_TYPE
from workflows.state.handover import HISTORY_LIMIT, SessionInput

PATIENCE = 30
_EARLY: Final = RPCStatusCode.FAILED_PRECONDITION
_TASK: Final = "workflow_task_scheduled_event_attributes"


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    folder = tmp_path_factory.mktemp("store")
    part = Part("store", store_argv(port, folder), {}, folder)
    part.start()
    yield f"redis://127.0.0.1:{port}"
    part.stop()


@pytest.fixture(scope="session")
async def engine() -> AsyncIterator[WorkflowEnvironment]:
    binary = shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=binary,
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
        dev_server_log_level="error",
        data_converter=DATA_CONVERTER,
        search_attributes=SEARCH_ATTRIBUTES,
    ) as environment:
        yield environment


@pytest.fixture(scope="session")
async def model() -> AsyncIterator[OfflineServer]:
    async with running(OfflineSettings(tokens_per_second=0, first_token_delay=0)) as server:
        yield server


@pytest.fixture
async def script(model: OfflineServer) -> AsyncIterator[Callable[..., Any]]:
    """Make the model misbehave at its next call."""
    async with httpx2.AsyncClient(base_url=model.control_url) as http:

        async def enqueue(**behaviour: Any) -> None:
            (await http.post("/_script", json=behaviour)).raise_for_status()

        yield enqueue
        await http.delete("/_script")
        await http.delete("/_requests")


@pytest.fixture
async def requests(model: OfflineServer) -> AsyncIterator[Callable[[], Any]]:
    """What the model was asked, and over which connection."""
    async with httpx2.AsyncClient(base_url=model.control_url) as http:
        await http.delete("/_requests")

        async def records() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = (await http.get("/_requests")).json()["requests"]
            return [r for r in found if r["method"] == "POST" and r["path"] == "/v1/responses"]

        yield records


@pytest.fixture
async def calls(requests: Callable[[], Any]) -> Callable[[], Any]:
    """The bodies of the calls that created a response."""

    async def bodies() -> list[dict[str, Any]]:
        return [record["body"] for record in await requests()]

    return bodies


@pytest.fixture(scope="session")
async def speaker() -> AsyncIterator[OfflineSpeechServer]:
    async with running_speech(SpeechSettings()) as server:
        yield server


@pytest.fixture(scope="session")
async def worker(
    engine: WorkflowEnvironment, store_url: str, model: OfflineServer, speaker: OfflineSpeechServer
) -> AsyncIterator[None]:
    redis = connect(store_url)
    openai = AsyncOpenAI(base_url=model.url, api_key="offline")
    voices = Voices(AsyncOpenAI(base_url=speaker.url, api_key="offline"), "espeak", "alloy")
    async with build_worker(engine.client, redis, openai, voices):
        yield
    await redis.aclose()


@dataclass
class Talk:
    """One session under test; everything that is read of its log passes the strict reducer."""

    engine: WorkflowEnvironment
    handle: WorkflowHandle[Any, Any]
    session_id: str
    reader: LogReader
    events: list[dict[str, Any]] = field(default_factory=list)
    held: Reducer = field(default_factory=Reducer)
    cursor: Cursor = BEGINNING

    async def signal(self, name: str, **payload: Any) -> None:
        await self.handle.signal(name, payload)

    async def say(self, content: str, message_id: str, **more: Any) -> None:
        await self.signal("send_message", content=content, message_id=message_id, **more)

    async def look(self) -> None:
        """Read what is new in the log."""
        for logged in await self.reader.after(self.session_id, self.cursor, 1000):
            self.cursor = logged.cursor
            event = json.loads(logged.event) | {"cursor": str(logged.cursor)}
            self.held.feed(event)
            self.events.append(event)

    async def until(self, kind: str, times: int = 1, **fields: Any) -> dict[str, Any]:
        """The event of this kind with these fields, when it was seen `times` times."""
        give_up = monotonic() + PATIENCE
        while len(found := self.seen(kind, **fields)) < times:
            assert monotonic() < give_up, f"no {kind} with {fields} in {self.kinds()}"
            await asyncio.sleep(0.01)
            await self.look()
        return found[times - 1]

    def seen(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [e for e in self.events if e["type"] == kind and fields.items() <= e.items()]

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def pass_time(self, seconds: float) -> None:
        # Answered behind a workflow task under way, whose timers seem to begin after the jump.
        await self.snapshot()
        await self.engine.fast_forward(self.handle, seconds)

    async def snapshot(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.query("snapshot")
        return found

    async def query(self, name: str, result_type: type | None = None) -> Any:
        """Also of a run that has not begun: one may begin only a second after the one before it.

        And of one to which something has just happened: until that is in its history, workers refuse.
        """
        give_up = monotonic() + PATIENCE
        while True:
            try:
                return await self.handle.query(name, result_type=result_type)
            except (RPCError, WorkflowQueryFailedError) as error:
                is_early = getattr(error, "status", _EARLY) is _EARLY
                if not is_early or monotonic() > give_up:
                    raise
                await asyncio.sleep(0.05)

    async def ended(self) -> dict[str, Any]:
        """`session.ended`, with the workflow completed and nothing after it in the log."""
        event = await self.until("session.ended")
        summary: dict[str, Any] = await self.handle.result()
        await self.look()
        assert self.events[-1] is event
        assert summary == event["summary"]
        return event


@pytest.fixture
async def talk(
    request: pytest.FixtureRequest, engine: WorkflowEnvironment, store_url: str, worker: None
) -> AsyncIterator[Callable[..., Any]]:
    """Start a session; its history is replayed afterwards, and kept in the folder RECORD_HISTORIES."""
    del worker
    redis = connect(store_url)
    handles: list[WorkflowHandle[Any, Any]] = []

    async def start(
        first: str | None = None,
        *,
        limits: dict[str, Any] | None = None,
        mode: CallMode = CallMode.BACKGROUND,
        agents: tuple[str, ...] = ("assistant",),
        retries: RetrySchedule | None = None,
        history_limit: int = HISTORY_LIMIT,
        task_queue: str = TASK_QUEUE,
        listed_after: timedelta | None = LISTED_AFTER,
        **profile: Any,
    ) -> Talk:
        session_id = token_hex(12)
        born = SessionStart(
            session_id=session_id,
            session_key="SESSION-001",
            tenant="default",
            profile=Profile(
                name="chat",
                agents=tuple(Agent(name=name, instructions="Be brief.") for name in agents),
                model=ModelChoice(mode=mode),
                **profile,
            ),
            model="perdure-offline",
            limits=Limits.model_validate(limits or {}),
            created_at=datetime.now(UTC),
            first_message=SendMessage(content=first, message_id="first") if first else None,
            retries=retries or RetrySchedule(),
            listed_after=listed_after,
        )
        # Time passes as it does until a test moves it.
        with engine.with_time_skipping_disabled():
            handle = await engine.client.start_workflow(
                WORKFLOW_TYPE,
                SessionInput(start=born, history_limit=history_limit),
                id=workflow_id(session_id),
                task_queue=task_queue,
            )
        handles.append(handle)
        return Talk(engine, handle, session_id, LogReader(redis))

    yield start
    for handle in handles:
        history = await handle.fetch_history()
        if (await handle.describe()).status == WorkflowExecutionStatus.RUNNING:
            await handle.terminate()
        # The replayer waits for ever for the first task of a run that does not begin at once.
        if any(event.HasField(_TASK) for event in history.events):
            await REPLAYER.replay_workflow(history)
        _record(request.node.name, history)
    await redis.aclose()


def _record(name: str, history: WorkflowHistory) -> None:
    folder = os.environ.get("RECORD_HISTORIES")
    if folder is not None:
        recorded = json.dumps(_without_traces(json.loads(history.to_json())), indent=1, ensure_ascii=False)
        Path(folder, f"{name.replace('/', '_')}.json").write_text(recorded + "\n", "utf-8")


def _without_traces(value: Any) -> Any:
    """Stack traces show the machine that recorded."""
    if isinstance(value, dict):
        return {key: _without_traces(item) for key, item in value.items() if key != "stackTrace"}
    return [_without_traces(item) for item in value] if isinstance(value, list) else value
