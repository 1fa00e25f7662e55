"""Plugging a worker together: the same one for every process and for the tests.

Owns the worker's options, each with its reason; must not read the environment.
"""

from datetime import timedelta
from typing import Any, Final

from openai import AsyncOpenAI
from redis.asyncio import Redis
from temporalio.client import Client
from temporalio.worker import Worker

from activities.hearing import Hearing
from activities.model import ModelSteps
from activities.provider import Provider
from activities.safety.moderations import Moderations
from activities.session import SessionProjection
from activities.speech import Speaking
from activities.store.audio import AudioStore
from activities.store.event_log import EventLog
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from activities.store.spoken import Spoken
from activities.transcriber import Transcriber
from activities.transcription import Transcription
from activities.voices import Voices
from workers.sandbox import SANDBOX
from workers.settings import DEFAULT_SPEECH_MODEL, DEFAULT_VOICE
from workers.single_batch import take_in_everything_at_once
from workflows.contract.wire import TASK_QUEUE
from workflows.session import Session

CONCURRENT_STEPS: Final = 500
"""A step mostly waits for its provider."""

HEARTBEAT_THROTTLE: Final = timedelta(seconds=0.5)
"""A cancellation reaches a silent step with a heartbeat; the default would take seconds."""

STICKY_TIMEOUT: Final = timedelta(seconds=1.5)
"""Sessions of a dead worker wait this long before another one takes them; the default is 10 s."""

GRACE: Final = timedelta(seconds=6)
"""Steps that end within it are not made to resume elsewhere; below what `up` waits before it kills."""


def activities(redis: "Redis", openai: AsyncOpenAI, voices: Voices, transcriber: Transcriber) -> list[Any]:
    """Every activity, bound to its store and its providers."""
    log, provider = EventLog(redis), Provider(openai)
    hearing = Hearing(Projection(redis), provider, Moderations(openai))
    steps = ModelSteps(log, LogReader(redis), hearing, provider.give_up)
    speaking = Speaking(AudioStore(redis), Spoken(redis), voices)
    return [
        steps.call_model,
        steps.settle_answer,
        SessionProjection(log).project_session,
        speaking.synthesize_sentence,
        Transcription(AudioStore(redis), transcriber).transcribe_recording,
    ]


def build_worker(
    client: Client,
    redis: "Redis",
    openai: AsyncOpenAI,
    voices: Voices | None = None,
    transcriber: Transcriber | None = None,
    **options: Any,
) -> Worker:
    """A worker that serves every session; `options` override those of `temporalio.worker.Worker`.

    Without `voices`, the model's provider speaks, too; without a `transcriber`, nobody transcribes.
    """
    transcriber = transcriber or Transcriber(openai, None)
    voices = voices or Voices(openai, DEFAULT_SPEECH_MODEL, DEFAULT_VOICE)
    defaults: dict[str, Any] = {
        "task_queue": TASK_QUEUE,
        "workflows": [Session],
        "activities": activities(redis, openai, voices, transcriber),
        "workflow_runner": SANDBOX,
        "max_concurrent_activities": CONCURRENT_STEPS,
        "max_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
        "default_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
        "sticky_queue_schedule_to_start_timeout": STICKY_TIMEOUT,
        "graceful_shutdown_timeout": GRACE,
    }
    worker = Worker(client, **(defaults | options))
    take_in_everything_at_once(worker)
    return worker
