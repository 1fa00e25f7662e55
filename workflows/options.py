"""How long each activity may take, and what happens when it does not end.

One table, each figure with its reason. Must not hold anything that a deployment may set.
"""

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig, LocalActivityConfig

CRASH_RETRY: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), backoff_coefficient=1.0)
"""Serves dead workers only: providers are waited for by the workflow's own timers."""

SETTLE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)
)

STORE_RETRY: Final = RetryPolicy(
    # The store comes back or the session stays unheard: try until it does.
    initial_interval=timedelta(milliseconds=200),
    maximum_interval=timedelta(seconds=5),
)


def model_step(summary: str, heartbeat_timeout: timedelta) -> ActivityConfig:
    """Options of `call_model`."""
    return ActivityConfig(
        # A reasoning model at its highest effort may think for most of an hour.
        start_to_close_timeout=timedelta(hours=1),
        heartbeat_timeout=heartbeat_timeout,
        retry_policy=CRASH_RETRY,
        # The result of a stopped step is its text: wait for it.
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=summary,
    )


def settlement(summary: str) -> ActivityConfig:
    """Options of `settle_answer`."""
    return ActivityConfig(
        # One write to the store and one request to the provider, which is not waited for long.
        start_to_close_timeout=timedelta(seconds=20),
        retry_policy=SETTLE_RETRY,
        summary=summary,
    )


def publication(summary: str) -> ActivityConfig:
    """Options of `project_session`."""
    return ActivityConfig(
        start_to_close_timeout=timedelta(seconds=10), retry_policy=STORE_RETRY, summary=summary
    )


def synthesis(summary: str, heartbeat_timeout: timedelta) -> ActivityConfig:
    """Options of `synthesize_sentence`."""
    return ActivityConfig(
        # A provider may take a minute for a long sentence.
        start_to_close_timeout=timedelta(seconds=70),
        heartbeat_timeout=heartbeat_timeout,
        # For dead workers and a store that is away, without which nothing is announced either: a provider's
        # failures are counted by the activity.
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=0.5), maximum_interval=timedelta(seconds=10)
        ),
        summary=summary,
    )


def transcription(summary: str, heartbeat_timeout: timedelta) -> ActivityConfig:
    """Options of `transcribe_recording`."""
    return ActivityConfig(
        # Five minutes of speech may take a server without a graphics card that long.
        start_to_close_timeout=timedelta(minutes=5),
        # Whoever spoke waits: rather be told to say it again than hear nothing.
        schedule_to_close_timeout=timedelta(minutes=15),
        heartbeat_timeout=heartbeat_timeout,
        retry_policy=RetryPolicy(
            initial_interval=timedelta(seconds=0.5),
            maximum_interval=timedelta(seconds=30),
            maximum_attempts=12,
        ),
        summary=summary,
    )


def local_publication(summary: str) -> LocalActivityConfig:
    """Options of `project_session` as a local activity."""
    return LocalActivityConfig(
        # It holds the workflow task open, so it must never wait for a store that is away.
        schedule_to_close_timeout=timedelta(seconds=1),
        retry_policy=RetryPolicy(maximum_attempts=1),
        summary=summary,
    )
