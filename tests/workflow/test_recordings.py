"""Recordings on the real engine and store: each becomes a message or is rejected, whoever dies meanwhile."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from openai import AsyncOpenAI
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.store.audio import Audio, AudioStore, recording_id
from activities.store.client import connect
from activities.transcriber import Transcriber
from tests.transcription.recordings import wav
from tests.transcription.transcript_server import Reply, TranscriptServer, serving_transcripts
from tests.workflow.conftest import Talk
from workers.build import build_worker
from workers.offline.server import OfflineServer
from workflows.contract.wire import WITHDRAW_MESSAGE

QUEUE = "hearing"
RECORDING = wav()
Start = Callable[..., Any]
MakeWorker = Callable[..., AbstractAsyncContextManager[Worker]]


@pytest.fixture
async def transcripts() -> AsyncIterator[TranscriptServer]:
    async with serving_transcripts() as server:
        yield server


@pytest.fixture
async def make_worker(
    engine: WorkflowEnvironment, store_url: str, model: OfflineServer, transcripts: TranscriptServer
) -> MakeWorker:
    @asynccontextmanager
    async def make(**options: Any) -> AsyncIterator[Worker]:
        redis = connect(store_url)
        openai = AsyncOpenAI(base_url=model.url, api_key="offline")
        ears = Transcriber(AsyncOpenAI(base_url=transcripts.url, api_key="a key"), "ears")
        defaults: dict[str, Any] = {"task_queue": QUEUE, "transcriber": ears}
        async with build_worker(engine.client, redis, openai, **(defaults | options)) as worker:
            yield worker
        await redis.aclose()

    return make


@pytest.fixture
async def hearing(make_worker: MakeWorker) -> AsyncIterator[None]:
    async with make_worker():
        yield


@pytest.fixture
async def listen(talk: Start, store_url: str) -> AsyncIterator[Start]:
    """Start a session that has a recording in the store."""
    redis = connect(store_url)

    async def start(*first: str, **more: Any) -> Talk:
        session: Talk = await talk(*first, **({"task_queue": QUEUE} | more))
        audio = Audio(RECORDING, "wav", 1_000)
        await AudioStore(redis).put(session.session_id, recording_id(RECORDING), audio)
        return session

    yield start
    await redis.aclose()


async def speak(session: Talk, message_id: str, **more: Any) -> None:
    fields = {"audio_id": recording_id(RECORDING), "message_id": message_id, **more}
    await session.signal("send_recording", **fields)


async def test_a_recording_is_answered(listen: Start, hearing: None, transcripts: TranscriptServer) -> None:
    session = await listen()
    await speak(session, "r1")
    assert (await session.until("message.accepted"))["content"] == "It rains."
    await session.until("turn.completed")
    assert session.held.messages["r1"].text == "It rains."
    assert transcripts.asked[0].file == RECORDING
    assert "language" not in transcripts.asked[0].fields


async def test_messages_keep_the_order_of_their_recordings(
    listen: Start, hearing: None, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply("one", pause=0.5), Reply("two"), Reply("three"))
    session = await listen(language="de")
    for number in (1, 2, 3):
        await speak(session, f"r{number}", delivery="queue")
    await session.until("turn.completed", turn=3)
    assert [event["content"] for event in session.seen("message.accepted")] == ["one", "two", "three"]
    assert [event["message_ids"] for event in session.seen("turn.started")] == [["r1"], ["r2"], ["r3"]]
    assert transcripts.asked[0].fields["language"] == "de"


async def test_a_provider_that_fails_twice_is_tried_again(
    listen: Start, hearing: None, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply(status=500), Reply(cut=True), Reply("At last."))
    session = await listen()
    await speak(session, "r1")
    assert (await session.until("message.accepted"))["content"] == "At last."
    assert len(transcripts.asked) == 3


async def test_a_provider_that_refuses_costs_the_message_and_not_the_session(
    listen: Start, hearing: None, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply(status=400))
    session = await listen()
    await speak(session, "r1")
    assert (await session.until("message.rejected"))["reason"] == "transcription_failed"
    await session.signal("send_recording", audio_id="never-uploaded", message_id="r2")
    await session.until("message.rejected", message_id="r2", reason="transcription_failed")
    await speak(session, "r1")
    await session.until("turn.completed")


async def test_a_malformed_recording_is_rejected(listen: Start, hearing: None) -> None:
    session = await listen()
    await session.handle.signal("send_recording", "what?")
    await session.signal("send_recording", message_id="r1")
    await session.until("message.rejected", reason="invalid_request", times=2)
    await session.say("hello", "m1")
    await session.until("turn.completed")


async def test_another_worker_takes_a_transcription_over(
    listen: Start, make_worker: MakeWorker, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply("never heard", pause=60), Reply("Heard."))
    async with make_worker(graceful_shutdown_timeout=timedelta()):
        session = await listen()
        await speak(session, "r1")
        while not transcripts.asked:
            await session.look()
    async with make_worker():
        assert (await session.until("message.accepted"))["content"] == "Heard."
        await session.until("turn.completed")
    assert len(session.seen("message.accepted")) == 1


async def test_no_recording_is_lost_or_doubled_across_runs(
    listen: Start, hearing: None, transcripts: TranscriptServer
) -> None:
    transcripts.will(*(Reply(f"recording {number}", pause=0.05) for number in range(20)))
    session = await listen(history_limit=50)
    first_run = (await session.handle.describe()).run_id
    for number in range(20):
        await speak(session, f"r{number}", delivery="queue")
    await session.until("turn.completed", turn=20)
    said = [event["content"] for event in session.seen("message.accepted")]
    assert said == [f"recording {number}" for number in range(20)]
    assert len(transcripts.asked) == 20
    assert (await session.handle.describe()).run_id != first_run
    await session.signal("close")
    await session.ended()


async def test_an_answer_does_not_wait_for_a_recording_when_a_new_run_is_due(
    listen: Start, hearing: None, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply(pause=3))
    session = await listen(history_limit=5)
    await speak(session, "r1")
    while not transcripts.asked:
        await session.look()
    await session.say("hello", "m1")
    await session.until("turn.completed")
    assert not session.seen("message.accepted", message_id="r1")
    await session.until("turn.completed", turn=2)
    await session.signal("close")
    await session.ended()


async def test_nobody_is_idle_while_a_recording_waits(
    listen: Start, hearing: None, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply(pause=2))
    session = await listen(limits={"idle_timeout": 300})
    await speak(session, "r1")
    while not transcripts.asked:
        await session.look()
    assert (await session.snapshot())["idle_at"] is None
    await session.until("turn.completed")
    await session.until("session.status_changed", new="idle")
    while (await session.snapshot())["idle_at"] is None:
        await session.look()
    await session.pass_time(301)
    assert (await session.ended())["reason"] == "idle_timeout"


async def test_closing_rejects_the_recording_that_is_transcribed(
    listen: Start, hearing: None, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply(pause=60))
    session = await listen()
    await speak(session, "r1")
    while not transcripts.asked:
        await session.look()
    await session.signal("close")
    await session.ended()
    assert session.seen("message.rejected", message_id="r1", reason="session_closed")
    history = await session.handle.fetch_history()
    assert any(event.HasField("activity_task_cancel_requested_event_attributes") for event in history.events)


async def test_a_worker_that_remembers_nothing_takes_recordings_too(
    listen: Start, make_worker: MakeWorker, transcripts: TranscriptServer
) -> None:
    transcripts.will(Reply(status=503), Reply("one"), Reply(pause=60), Reply("two"))
    async with make_worker(task_queue="hearing anew", max_cached_workflows=0):
        session = await listen(task_queue="hearing anew")
        await speak(session, "r1")
        await session.until("turn.completed")
        await speak(session, "r2")
        while len(transcripts.asked) < 3:
            await session.look()
        await session.handle.execute_update(WITHDRAW_MESSAGE, {"message_id": "r2"})
        await session.until("message.rejected", reason="withdrawn")
        await speak(session, "r3")
        await session.until("turn.completed", turn=2)
    assert [event["content"] for event in session.seen("message.accepted")] == ["one", "two"]
