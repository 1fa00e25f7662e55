"""Hearing an answer: from what the model is shown to the last word that is wanted of it.

Owns over how many connections and responses an answer is heard, and the transcript that asks for it. Must
not know the provider's protocol (`provider`), how an answer is written (`answer`), nor what ends a step
(`model`).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from temporalio.exceptions import ApplicationError

from activities.answer import Answer
from activities.failures import AnswerFailedError, ProviderError, ResponseGoneError
from activities.provider import Ended, Opened, Provider, ProviderEvent, TextDelta, WholeText
from activities.safety.filter import SafetyFilter
from activities.safety.moderations import Moderations
from activities.signs_of_progress import signs_of_progress
from activities.store.projection import Projection
from activities.tasks import end_tasks
from activities.teller import Teller
from activities.told_answer import ToldAnswer
from workflows.contract.errors import FailureKind, StoreFault
from workflows.contract.model_call import CallModelInput
from workflows.contract.profile import CallMode
from workflows.contract.safety import SafetyPolicy
from workflows.contract.session import TranscriptMessage, Usage

RECONNECTS: Final = 3
"""Times that a broken connection to a background response is made again before the step fails."""
RECONNECT_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Heard:
    """A whole answer, or as much of it as was wanted."""

    usage: Usage
    cut: bool = False
    """Whether the model had more to say."""
    is_verbatim: bool = True
    """Whether viewers hold the provider's text, and nothing else."""


class Hearing:
    """Hears the answers of one provider."""

    def __init__(self, projection: Projection, provider: Provider, moderations: Moderations) -> None:
        self._projection = projection
        self._provider = provider
        self._moderations = moderations

    async def hear(self, given: CallModelInput, answer: Answer) -> Heard:
        """Hear an answer, and tell it in sentences if it is one of those.

        Raises ProviderError, FilterUnavailableError, WritingEndedError, and ApplicationError when the store
        lacks the transcript.
        """
        if not isinstance(answer, ToldAnswer):
            ended = await self._listen(given, answer, answer)
            return Heard(ended.usage)
        while True:
            teller = self._teller(given, answer)
            try:
                async with signs_of_progress(answer):
                    return await self._hear_and_tell(given, answer, teller)
            except ResponseGoneError:
                # What was told stays, and another response goes on behind it.
                await answer.forget_response()

    def _teller(self, given: CallModelInput, answer: ToldAnswer) -> Teller:
        safety = given.safety
        if safety is None:
            return Teller(answer, answer.told)
        checks = SafetyFilter(safety, self._moderations, answer.shown)
        return Teller(answer, answer.told, checks, ends_with_a_flag=safety.policy is SafetyPolicy.END)

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
            await end_tasks(hearing, telling)

    async def _listen(self, given: CallModelInput, answer: Answer, ear: Answer | Teller) -> Ended:
        """Hear the answer to its end, over as many connections as it takes."""
        reconnects = 0
        while True:
            heard_before = ear.cursor
            try:
                async with aclosing(await self._stream(given, answer, ear)) as events:
                    return await _hear_all(events, ear)
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
        # Of a message that nobody heard, nothing is left.
        return [message for message in held if message.agent == call.agent and message.content]


async def _hear_all(events: AsyncIterator[ProviderEvent], ear: Answer | Teller) -> Ended:
    """Hear the events to the last one, or until enough is told."""
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


def _resumable(given: CallModelInput, answer: Answer) -> bool:
    return given.call.mode is CallMode.BACKGROUND and answer.response_id is not None
