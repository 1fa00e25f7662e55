"""Model steps: call the model, stream its text into the log, and end what nobody else will end.

Owns the life of a step: take over, resume or begin anew, write, stop. Must not know Redis (`store`), the
provider's protocol (`provider`), nor what follows from the result (`workflows.state`).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import metrics
from activities.answer import Answer
from activities.failures import AnswerFailedError, ProviderError, ResponseGoneError
from activities.lines import Lines, WritingEndedError
from activities.lost_log import LostLog
from activities.own_workflow import signal_own_workflow
from activities.provider import Ended, Opened, Provider, ProviderEvent, TextDelta, WholeText
from activities.safety.filter import FilterUnavailableError, SafetyFilter
from activities.safety.moderations import Moderations
from activities.signs_of_life import signs_of_life
from activities.store.event_log import EventLog, Outcome, Writer
from activities.store.log_reader import LogReader
from activities.store.projection import Projection
from activities.teller import Teller
from activities.told_answer import ToldAnswer
from workflows.contract.commands import SENTENCES_TOLD
from workflows.contract.errors import STEP_FAILED, FailureKind, StoreFault
from workflows.contract.model_call import CallModelInput, SettleAnswerInput, StepResult
from workflows.contract.profile import CallMode
from workflows.contract.publication import Publication, step_name
from workflows.contract.safety import SafetyPolicy
from workflows.contract.session import TranscriptMessage, Usage

RECONNECTS: Final = 3
"""Times that a broken connection to a background response is made again before the step fails."""
RECONNECT_SECONDS: Final = 0.2
FAREWELL_SECONDS: Final = 5.0
LONGEST_PATIENCE: Final = timedelta(seconds=30)
ATTEMPTS: Final = 1024
"""Attempts that a fence tells apart."""


@dataclass(frozen=True)
class Heard:
    """A whole answer, or as much of it as was wanted."""

    usage: Usage
    cut: bool = False
    """Whether the model had more to say."""
    is_verbatim: bool = True
    """Whether viewers hold the provider's text, and nothing else."""


class ModelSteps:
    """The activities `call_model` and `settle_answer`."""

    def __init__(
        self,
        log: EventLog,
        reader: LogReader,
        projection: Projection,
        provider: Provider,
        moderations: Moderations,
    ) -> None:
        self._log = log
        self._reader = reader
        self._projection = projection
        self._provider = provider
        self._moderations = moderations
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
        listening = asyncio.create_task(self._hear_answer(given, answer))
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
            await _end(listening, writing)
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
            await _end(listening, writing)
            return await self._close(answer, "stopped")
        finally:
            await _end(listening, writing)

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
            farewell = asyncio.create_task(self._give_up(answer.response_id))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    async def _give_up(self, response_id: str) -> None:
        """Nobody waits for this, and nothing depends on it but the provider's bill."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._provider.give_up(response_id)

    async def _hear_answer(self, given: CallModelInput, answer: Answer) -> Heard:
        """Hear an answer, and tell it in sentences if it is one of those."""
        if not isinstance(answer, ToldAnswer):
            ended = await self._listen(given, answer, answer)
            return Heard(ended.usage)
        while True:
            teller = self._teller(given, answer)
            try:
                async with _announced(given, answer):
                    return await self._hear_and_tell(given, answer, teller)
            except ResponseGoneError:
                # What was told stays, and another response goes on behind it.
                await answer.forget_response()

    def _teller(self, given: CallModelInput, answer: ToldAnswer) -> Teller:
        told, safety = given.sentences, given.safety
        if told is None:
            raise RuntimeError("an answer is told in sentences that nobody asked for")
        if safety is None:
            return Teller(answer, told)
        checks = SafetyFilter(safety, self._moderations, answer.shown)
        return Teller(answer, told, checks, ends_with_a_flag=safety.policy is SafetyPolicy.END)

    async def _hear_and_tell(self, given: CallModelInput, answer: ToldAnswer, teller: Teller) -> Heard:
        async def hear() -> Usage:
            ended = await self._listen(given, answer, teller)
            teller.finish()
            return ended.usage

        hearing, telling = asyncio.create_task(hear()), asyncio.create_task(teller.keep_telling())
        try:
            await asyncio.wait({hearing, telling}, return_when=asyncio.FIRST_EXCEPTION)
            for task in (telling, hearing):
                if task.done():
                    task.result()
            return Heard(hearing.result(), cut=teller.cut, is_verbatim=teller.is_verbatim)
        finally:
            await _end(hearing, telling)

    async def _listen(self, given: CallModelInput, answer: Answer, ear: Answer | Teller) -> Ended:
        """Hear the answer to its end, over as many connections as it takes."""
        reconnects = 0
        while True:
            heard_before = ear.cursor
            try:
                async with aclosing(await self._stream(given, answer, ear)) as events:
                    return await _hear(events, ear)
            except ResponseGoneError:
                if isinstance(ear, Teller):
                    raise
                await answer.supersede()
            except AnswerFailedError:
                await answer.forget_response()
                raise
            except ProviderError:
                reconnects = 0 if ear.cursor != heard_before else reconnects
                if not _resumable(given, answer) or reconnects == RECONNECTS:
                    raise
                reconnects += 1
                await asyncio.sleep(RECONNECT_SECONDS * reconnects)

    async def _stream(
        self, given: CallModelInput, answer: Answer, ear: Answer | Teller
    ) -> AsyncGenerator[ProviderEvent]:
        """The rest of the response that is under way, else a new one."""
        if answer.response_id is not None and ear.cursor is not None and _resumable(given, answer):
            return self._provider.resume(answer.response_id, ear.cursor)
        if answer.length and not isinstance(ear, Teller):
            await answer.supersede()
        return self._create(given, answer.shown)

    async def _create(self, given: CallModelInput, shown: str) -> AsyncGenerator[ProviderEvent]:
        call = given.call
        messages = await self._messages(given, call.seen_from)
        try:
            async with aclosing(
                self._provider.create(call, messages, call.previous_response_id, shown)
            ) as events:
                async for event in events:
                    yield event
        except ResponseGoneError:
            messages = await self._messages(given, call.floor)
            async with aclosing(self._provider.create(call, messages, None, shown)) as events:
                async for event in events:
                    yield event

    async def _messages(self, given: CallModelInput, start: int) -> Sequence[TranscriptMessage]:
        """The agent's transcript from index `start` on: out of the input if it is there."""
        publication, call = given.publication, given.call
        if start >= publication.messages_from:
            held = publication.messages[start - publication.messages_from :]
        else:
            stored = await self._projection.messages(publication.session_id, start, call.seen_to)
            if stored is None:
                raise ApplicationError(
                    "the transcript in the store is too short",
                    type=StoreFault.TRANSCRIPT_MISSING,
                    non_retryable=True,
                )
            held = tuple(message for _, message in stored)
        return [message for message in held if message.agent == call.agent]


async def _hear(events: AsyncIterator[ProviderEvent], ear: Answer | Teller) -> Ended:
    async for event in events:
        match event:
            case TextDelta():
                ear.heard(event.text, event.cursor)
            case Opened():
                ear.opened(event.response_id, event.cursor)
            case WholeText():
                ear.heard_whole(event.text)
            case Ended():
                return event
        if isinstance(ear, Teller) and ear.cut:
            return Ended("", Usage())
    raise ProviderError(FailureKind.INCOMPLETE_STREAM)


@asynccontextmanager
async def _announced(given: CallModelInput, answer: ToldAnswer) -> AsyncIterator[None]:
    """Let the workflow know of sentences that are to be spoken while the body tells them."""
    announcing = asyncio.create_task(_announce(answer)) if _is_spoken(given) else None
    try:
        yield
    finally:
        if announcing is not None:
            announcing.cancel()


def _is_spoken(given: CallModelInput) -> bool:
    return given.sentences is not None and given.sentences.spoken


async def _announce(answer: ToldAnswer) -> None:
    """One signal at a time: what is told meanwhile goes into the next."""
    told = 0
    while True:
        told = await answer.more_told(told)
        await signal_own_workflow(SENTENCES_TOLD, {"told": told})


def _count_lost(error: WritingEndedError, answer: Answer) -> None:
    if error.outcome is Outcome.LOST and answer.response_id is not None:
        metrics.orphaned("lost")


def _resumable(given: CallModelInput, answer: Answer) -> bool:
    return given.call.mode is CallMode.BACKGROUND and answer.response_id is not None


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


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
