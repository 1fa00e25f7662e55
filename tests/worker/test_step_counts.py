"""How an attempt of a step is counted, however it ends."""

import asyncio
from contextlib import suppress

import pytest
from temporalio.exceptions import ApplicationError

from activities import metrics
from activities.store.event_log import Outcome
from tests.counts import Counting
from workflows.contract.errors import STEP_FAILED, StoreFault
from workflows.contract.profile import CallMode

ENDS: list[tuple[BaseException, str]] = [
    (ApplicationError("x", type=STEP_FAILED), "failed"),
    *[(ApplicationError("x", type=fault), "lost") for fault in StoreFault],
    (ApplicationError("x", type=Outcome.FENCED), "fenced"),
    (ApplicationError("x", type="SomeErrorOfOurs"), "error"),
    (ApplicationError("x"), "error"),
    (ValueError(), "error"),
    (asyncio.CancelledError(), "cancelled"),
]


@pytest.mark.parametrize(("error", "outcome"), ENDS)
def test_an_attempt_that_ends_by_an_error_is_told_by_its_kind(error: BaseException, outcome: str) -> None:
    counting = Counting()
    with suppress(BaseException), metrics.counted_step(CallMode.PLAIN, 1):
        assert counting.of("perdure_steps_running") == 1
        raise error
    assert counting.of("perdure_steps_running") == 0
    assert counting.of("perdure_steps_total", mode="plain", outcome=outcome) == 1
    assert counting.of("perdure_steps_total") == 1


def test_only_later_attempts_are_retries_of_a_crash() -> None:
    counting = Counting()
    for attempt in (1, 2, 3):
        with metrics.counted_step(CallMode.STATELESS, attempt) as count:
            count.outcome = "complete"
    assert counting.of("perdure_retries_total", kind="crash") == 2
    assert counting.of("perdure_steps_total", mode="stateless", outcome="complete") == 3
