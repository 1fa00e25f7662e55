"""What is counted where the log is written, and that nothing is counted twice."""

import asyncio

import pytest
from redis.asyncio import Redis

from activities import metrics
from activities.lines import WritingEndedError
from activities.store.client import StoreUnavailableError
from activities.store.event_log import Entry, EventLog, LastWords, Outcome, Writer
from tests.counts import Counting
from tests.store.attempts import COMPLETE, STOPPED, Stage, write
from tests.store.faulty_log import Fault, FaultyLog
from tests.store.telling import NOON, TENANT, Telling, batch
from tests.store_server import StoreServer
from workflows.contract.events import TurnStopped
from workflows.contract.session import StopReason, Usage

pytestmark = pytest.mark.usefixtures("impatient")
USAGE = {"input_tokens": 7, "output_tokens": 5, "cached_tokens": 3}


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.mark.parametrize("outcome", ["completed", "stopped", "failed"])
async def test_a_turns_end_and_its_tokens_count_once(
    log: FaultyLog, session_id: str, counting: Counting, outcome: str
) -> None:
    telling = Telling(session_id).tell("turn.started").tell(f"turn.{outcome}", usage=USAGE)
    for _ in range(3):
        assert await log.publish(telling.publication()) is Outcome.OK
    newer = telling.confirmed(telling.publication()).tell("session.updated")
    await log.publish(newer.publication())
    assert await log.publish(telling.publication()) is Outcome.ECHO
    assert counting.of("perdure_turns_total", outcome=outcome) == 1
    assert counting.of("perdure_turns_total") == 1
    assert [counting.of("perdure_tokens_total", kind=kind) for kind in ("input", "output", "cached")] == [
        *(7, 5, 3)
    ]


async def test_a_turns_end_counts_when_it_rides_on_a_step_even_one_that_is_fenced(
    log: FaultyLog, session_id: str, counting: Counting
) -> None:
    first = Telling(session_id).tell("turn.started")
    await log.begin(Writer(session_id, 1, "1.1", 9, 1), first.publication())
    telling = first.tell("turn.completed", usage=USAGE)
    late = Writer(session_id, 1, "1.1", 8, 1)
    assert await log.begin(late, telling.publication()) is Outcome.FENCED
    await log.begin(Writer(session_id, 1, "2.1", 10, 2), telling.publication())
    assert counting.of("perdure_turns_total", outcome="completed") == 1
    assert counting.of("perdure_log_writes_total", kind="begin", outcome="fenced") == 1


async def test_a_turns_end_that_the_log_refuses_does_not_count(
    log: FaultyLog, session_id: str, counting: Counting
) -> None:
    telling = Telling(session_id, epoch=1, base=5).tell("turn.completed", usage=USAGE)
    assert await log.publish(telling.publication()) is Outcome.LOST
    assert counting.of("perdure_turns_total") == 0
    assert counting.of("perdure_tokens_total") == 0
    assert counting.of("perdure_log_writes_total", kind="publish", outcome="lost") == 1


async def test_a_turn_that_somebody_else_ends_counts(
    log: FaultyLog, session_id: str, counting: Counting
) -> None:
    await log.publish(Telling(session_id).tell("turn.started").publication())
    stopped = TurnStopped(at=NOON, turn=1, usage=Usage(), reason=StopReason.SESSION_ENDED)
    last = LastWords(entries=[Entry.of(session_id, stopped)], fields={}, message=None)
    assert await log.cut_off(session_id, TENANT, 1, last) is Outcome.OK
    assert await log.cut_off(session_id, TENANT, 1, last) is Outcome.GAP
    assert counting.of("perdure_turns_total", outcome="stopped") == 1


async def test_retries_rejections_and_queues_count_once(
    log: FaultyLog, session_id: str, counting: Counting
) -> None:
    telling = (
        Telling(session_id)
        .tell("message.accepted", position=0)
        .tell("message.accepted", position=3)
        .tell("message.rejected", reason="queue_full")
        .tell("turn.retrying", reason="rate_limited")
    )
    for _ in range(2):
        await log.publish(telling.publication())
    assert counting.of("perdure_retries_total", kind="rate_limited") == 1
    assert counting.of("perdure_messages_rejected_total", kind="queue_full") == 1
    assert counting.of("perdure_queue_length_messages_count") == 2
    assert counting.of("perdure_queue_length_messages_sum") == 3
    assert counting.of("perdure_queue_length_messages_bucket", le="0.0") == 1


async def test_every_write_is_timed_and_told_by_its_outcome(
    log: FaultyLog, session_id: str, counting: Counting
) -> None:
    telling = Telling(session_id).tell("turn.started")
    old, new = (Writer(session_id, 1, "1.1", fence, 1) for fence in (1, 2))
    await log.begin(old, telling.publication())
    await log.begin(new, telling.publication())
    assert (await log.append(new, batch(0, "text"))).outcome is Outcome.OK
    assert (await log.append(old, batch(0, "text"))).outcome is Outcome.FENCED
    assert (await log.append(new, batch(9, "text"))).outcome is Outcome.GAP
    for outcome in ("ok", "fenced", "gap"):
        assert counting.of("perdure_log_writes_total", kind="append", outcome=outcome) == 1
    assert counting.of("perdure_log_writes_total", kind="begin", outcome="ok") == 2
    assert counting.of("perdure_log_write_seconds_count", kind="append") == 3
    assert counting.of("perdure_log_write_seconds_count", kind="begin") == 2
    assert 0 < counting.of("perdure_log_write_seconds_sum", kind="append") < 1


async def test_a_write_that_takes_long_is_seen_to(
    redis: "Redis", store_server: StoreServer, session_id: str, counting: Counting
) -> None:
    log = EventLog(redis)
    await log.publish(Telling(session_id).tell("a").publication())
    with store_server.frozen():
        writing = asyncio.create_task(log.publish(Telling(session_id).tell("a").publication()))
        await asyncio.sleep(0.3)
    await writing
    assert counting.of("perdure_log_write_seconds_sum", kind="publish") >= 0.3


async def test_a_write_without_an_answer_is_unavailable_and_not_timed(
    redis: "Redis", store_server: StoreServer, session_id: str, counting: Counting
) -> None:
    store_server.kill()
    with pytest.raises(StoreUnavailableError):
        await EventLog(redis).publish(Telling(session_id).tell("a").publication())
    assert counting.of("perdure_log_writes_total", kind="publish", outcome="unavailable") == 1
    assert counting.of("perdure_log_write_seconds_count") == 0


async def test_an_answer_taken_back_counts_once_whatever_happens_to_the_write(
    stage: Stage, log: FaultyLog, counting: Counting
) -> None:
    attempt = await stage.begin()
    await write(attempt, "one ")
    log.failing(Fault.REPLY_LOST, Fault.NOT_SENT)
    await attempt.answer.supersede()
    await write(attempt, "two ")
    await attempt.answer.finish(COMPLETE)
    assert (await stage.kinds()).count("turn.superseded") == 1
    assert counting.of("perdure_superseded_answers_total") == 1


async def test_taking_back_that_the_log_refuses_does_not_count(stage: Stage, counting: Counting) -> None:
    attempt = await stage.begin()
    await write(attempt, "one ")
    await stage.take_over()
    with pytest.raises(WritingEndedError, match="fenced"):
        await attempt.answer.supersede()
    assert counting.of("perdure_superseded_answers_total") == 0


async def test_a_response_that_is_dropped_is_an_orphan_once(stage: Stage, counting: Counting) -> None:
    attempt = await stage.begin()
    attempt.answer.opened("r1", 0)
    await write(attempt, "one ")
    await attempt.answer.forget_response()
    await attempt.answer.supersede()
    assert counting.of("perdure_orphaned_generations_total", kind="forgotten") == 1
    attempt.answer.opened("r2", 0)
    await attempt.answer.supersede()
    assert counting.of("perdure_orphaned_generations_total", kind="superseded") == 1
    attempt.answer.opened("r3", 0)
    attempt.answer.opened("r3", 0)
    await attempt.answer.finish(STOPPED)
    assert counting.of("perdure_orphaned_generations_total") == 2


async def test_a_response_that_showed_nothing_is_an_orphan_of_the_one_that_follows(
    stage: Stage, counting: Counting
) -> None:
    first = await stage.begin()
    first.answer.opened("r1", 0)
    await first.answer.write()
    second = await stage.begin()
    second.answer.opened("r2", 0)
    assert counting.of("perdure_orphaned_generations_total", kind="superseded") == 1
    assert counting.of("perdure_superseded_answers_total") == 0


def test_an_event_that_lacks_what_is_counted_fails_no_write(counting: Counting) -> None:
    for kind in ("turn.completed", "turn.retrying", "message.accepted", "message.rejected", "new.kind"):
        metrics.told(kind, {})
    assert counting.of("perdure_turns_total", outcome="completed") == 1
    assert counting.of("perdure_retries_total", kind="unknown") == 1
