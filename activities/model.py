"""Model steps: call the model, stream its text into the log, and end what nobody else will end.

Owns the life of a step: take over, answer, complete, stop, close, give up. Must not know how an answer is
heard (`hearing`), Redis (`store`), nor what follows from the result (`workflows.state`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import metrics
from activities.answer import Answer
from activities.audio_loss import audio_loss_told
from activities.failures import ProviderError
from activities.hearing import Heard, Hearing
from activities.lines import Lines, WritingEndedError
from activities.lost_log import LostLog
from activities.safety.filter import FilterUnavailableError
from activities.signs_of_life import signs_of_life
from activities.store.event_log import EventLog, Outcome, Writer
from activities.store.log_reader import LogReader
from activities.tasks import end_tasks
from activities.told_answer import ToldAnswer
from workflows.contract.errors import STEP_FAILED, StoreFault
from workflows.contract.model_call import CallModelInput, SettleAnswerInput, StepResult
from workflows.contract.profile import CallMode
from workflows.contract.publication import Publication, step_name

FAREWELL_SECONDS: Final = 5.0
LONGEST_PATIENCE: Final = timedelta(seconds=30)
ATTEMPTS: Final = 1024
"""Attempts that a fence tells apart."""

GiveUp = Callable[[str], Awaitable[None]]
"""Asks the provider to stop a response that nobody will hear any more."""


class ModelSteps:
    """The activities `call_model` and `settle_answer`."""

    def __init__(self, log: EventLog, reader: LogReader, hearing: Hearing, give_up: GiveUp) -> None:
        self._log = log
        self._reader = reader
        self._hearing = hearing
        self._give_up = give_up
        self._farewells: set[asyncio.Task[None]] = set()

    @activity.defn
    async def call_model(self, given: CallModelInput) -> StepResult:
        """Call the model and stream its text into the session's log."""
        with metrics.counted_step(given.call.mode, activity.info().attempt) as count:
            async with signs_of_life(given.tell_after), _failures_told():
                answer = await self._take_over(given)
                if isinstance(answer, StepResult):
                    count.outcome = "repeated"
                    await self._log.enlist(given.publication)
                    await self._enlist_end(given, answer)
                    return answer
                result = await self._answer(given, answer)
                count.outcome = result.outcome
                await self._enlist_end(given, result)
                return result

    @activity.defn
    async def settle_answer(self, given: SettleAnswerInput) -> StepResult:
        """End a message with what was shown of it, fence late attempts and give the generation up."""
        async with _failures_told():
            answer = await self._take_over(given)
            await self._log.enlist(given.publication)
            if isinstance(answer, StepResult):
                return answer
            return await self._close(answer, given.status)

    async def _take_over(self, given: CallModelInput | SettleAnswerInput) -> Answer | StepResult:
        """The answer where the last attempt left it, or the result that it left."""
        publication = given.publication
        writer = _writer(publication, given)
        async with audio_loss_told():
            position = await self._log.begin(writer, publication)
        if isinstance(position, Outcome):
            raise WritingEndedError(position)
        if position.done is not None:
            return StepResult.model_validate_json(position.done).with_turn_ended(position.turn_ended)
        shown: Sequence[str] = ()
        if position.next:
            shown = await self._reader.shown(
                writer.session_id, writer.epoch, position.first, given.message_id
            )
        lines = Lines(self._log, writer, position, shown)
        next_epoch = LostLog(self._log).next_epoch
        if given.sentences is not None:
            return ToldAnswer(lines, given.message_id, next_epoch, given.sentences)
        return Answer(lines, given.message_id, next_epoch)

    async def _answer(self, given: CallModelInput, answer: Answer) -> StepResult:
        """Listen and write side by side, until the answer is complete or somebody stops it."""
        listening = asyncio.create_task(self._hearing.hear(given, answer))
        writing = asyncio.create_task(answer.keep_writing())
        try:
            # Nobody waits for the list, everybody for the first word.
            await self._log.enlist(given.publication)
            await asyncio.wait({listening, writing}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                await writing
            # A write that is under way is not cut short: the last word goes behind it.
            return await self._complete(given, answer, await listening)
        except asyncio.CancelledError:
            if not _was_asked_for():
                raise
            await end_tasks(listening, writing)
            return await asyncio.shield(self._close(answer, "stopped"))
        except ProviderError as error:
            raise _step_failed(error, answer) from error
        except FilterUnavailableError as error:
            failure = ProviderError(error.kind, error.retry_after)
            raise _step_failed(failure, answer) from error
        except WritingEndedError as error:
            if error.outcome is not Outcome.STOPPED:
                _count_lost(error, answer)
                raise
            await end_tasks(listening, writing)
            return await self._close(answer, "stopped")
        finally:
            await end_tasks(listening, writing)

    async def _complete(self, given: CallModelInput, answer: Answer, heard: Heard) -> StepResult:
        stored = given.call.mode is not CallMode.STATELESS and heard.is_verbatim
        result = StepResult(
            outcome="complete",
            text="",
            usage=heard.usage,
            response_id=answer.response_id if stored else None,
            ended_at=datetime.now(UTC),
            cut=heard.cut,
        )
        if heard.cut:
            self._bid_farewell(answer)
        return await answer.finish(result, given.turn_end_with)

    async def _enlist_end(self, given: CallModelInput, result: StepResult) -> None:
        said = given.turn_end_with(result) if result.turn_ended else None
        if said is not None:
            await self._log.enlist(said)

    async def _close(self, answer: Answer, outcome: Literal["stopped", "failed"]) -> StepResult:
        result = await answer.finish(StepResult(outcome=outcome, text=""))
        if answer.response_id is not None and result.outcome != "complete":
            metrics.orphaned("given_up")
        self._bid_farewell(answer)
        return result

    def _bid_farewell(self, answer: Answer) -> None:
        if answer.response_id is not None:
            farewell = asyncio.create_task(self._farewell(answer.response_id))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    async def _farewell(self, response_id: str) -> None:
        """Nobody waits for this, and nothing depends on it but the provider's bill."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._give_up(response_id)


def _count_lost(error: WritingEndedError, answer: Answer) -> None:
    if error.outcome is Outcome.LOST and answer.response_id is not None:
        metrics.orphaned("lost")


def _writer(publication: Publication, given: CallModelInput | SettleAnswerInput) -> Writer:
    info = activity.info()
    scheduled = int(info.scheduled_time.timestamp() * 1000)
    return Writer(
        session_id=publication.session_id,
        epoch=publication.epoch,
        name=step_name(given.turn, given.step),
        fence=scheduled * ATTEMPTS + min(info.attempt, ATTEMPTS - 1),
        turn=given.turn,
    )


def _was_asked_for() -> bool:
    """Whether the workflow wants the step to end, rather than this worker."""
    details = activity.cancellation_details()
    return details is not None and details.cancel_requested


def _step_failed(error: ProviderError, answer: Answer) -> ApplicationError:
    failure = error.failure(shown=answer.length)
    return ApplicationError(
        failure.message, failure.model_dump(mode="json"), type=STEP_FAILED, non_retryable=True
    )


@asynccontextmanager
async def _failures_told() -> AsyncIterator[None]:
    """Tell the workflow what it can mend; let what is left be tried again, ever more patiently."""
    try:
        yield
    except WritingEndedError as error:
        raise ApplicationError(
            f"the log takes no more from this attempt: {error.outcome}",
            type=StoreFault.EPOCH_LOST if error.outcome is Outcome.LOST else error.outcome,
            non_retryable=True,
        ) from error
    except ApplicationError:
        raise
    except Exception as error:
        patience = min(timedelta(seconds=0.2) * 2 ** min(activity.info().attempt, 10), LONGEST_PATIENCE)
        raise ApplicationError(str(error), type=type(error).__name__, next_retry_delay=patience) from error
