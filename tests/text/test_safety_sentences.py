"""Sentences on their way through the filter while a text streams."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.safety.filter import FilterUnavailableError, SafetyFilter, Verdict
from activities.safety.moderations import Moderations
from activities.safety.sentences import MOST_AT_ONCE, FilteredSentences
from tests.effort import examples
from tests.text.conftest import Filter, until_asked
from workers.offline.control_client import ControlClient
from workflows.contract.safety import Safety


async def read(sentences: FilteredSentences, into: list[tuple[str, Verdict]]) -> None:
    async for pair in sentences:
        into.append(pair)  # noqa: PERF401 - what was read before an error is kept


def numbered(first: int, behind: int) -> list[str]:
    return [f"Sentence {number}. " for number in range(first, behind)]


async def test_what_waits_goes_into_one_request(safety_filter: Filter, asked: Callable[[], Any]) -> None:
    sentences = FilteredSentences(safety_filter())
    for sentence in numbered(0, 10):
        sentences.offer(sentence)
    sentences.close()
    assert [sentence async for sentence, _ in sentences] == numbered(0, 10)
    assert [len(request) for request in await asked()] == [10]


async def test_a_request_has_a_bound(safety_filter: Filter, asked: Callable[[], Any]) -> None:
    sentences = FilteredSentences(safety_filter())
    many = numbered(0, 2 * MOST_AT_ONCE + 3)
    for sentence in many:
        sentences.offer(sentence)
    sentences.close()
    assert [sentence async for sentence, _ in sentences] == many
    assert [len(request) for request in await asked()] == [MOST_AT_ONCE, MOST_AT_ONCE, 3]


async def test_each_sentence_that_comes_alone_is_asked_alone(
    safety_filter: Filter, asked: Callable[[], Any]
) -> None:
    sentences = FilteredSentences(safety_filter())
    async with aclosing(aiter(sentences)) as verdicts:
        for sentence in numbered(0, 5):
            sentences.offer(sentence)
            async with asyncio.timeout(5):
                assert await anext(verdicts) == (sentence, Verdict(sentence, None))
    assert [len(request) for request in await asked()] == [1] * 5


async def test_the_first_waits_for_nobody_and_the_rest_together(
    safety_filter: Filter, control: ControlClient, asked: Callable[[], Any]
) -> None:
    await control.script({"on": "moderate", "delay": 0.2})
    sentences = FilteredSentences(safety_filter())
    seen: list[tuple[str, Verdict]] = []
    reading = asyncio.create_task(read(sentences, seen))
    first, *others = numbered(0, 6)
    sentences.offer(first)
    await until_asked(control, 1)
    for sentence in others:
        sentences.offer(sentence)
        await asyncio.sleep(0.005)
    assert [len(request) for request in await asked()] == [1]
    assert seen == []
    sentences.close()
    await reading
    assert [sentence for sentence, _ in seen] == [first, *others]
    assert [len(request) for request in await asked()] == [1, 5]


async def test_nothing_offered_is_nothing_read(safety_filter: Filter, asked: Callable[[], Any]) -> None:
    sentences = FilteredSentences(safety_filter())
    seen: list[tuple[str, Verdict]] = []
    reading = asyncio.create_task(read(sentences, seen))
    await asyncio.sleep(0.01)
    assert not reading.done()
    sentences.close()
    await asyncio.wait_for(reading, 1)
    assert (seen, await asked()) == ([], [])


async def test_nothing_comes_behind_the_last(safety_filter: Filter) -> None:
    sentences = FilteredSentences(safety_filter())
    sentences.close()
    with pytest.raises(RuntimeError, match="behind the last"):
        sentences.offer("More.")


async def test_without_a_verdict_nothing_more_is_read(safety_filter: Filter, control: ControlClient) -> None:
    sentences = FilteredSentences(safety_filter(timeout=0.2))
    seen: list[tuple[str, Verdict]] = []
    reading = asyncio.create_task(read(sentences, seen))
    sentences.offer("One. ")
    await until_asked(control, 1)
    while not seen:
        await asyncio.sleep(0.005)
    await control.script({"on": "moderate", "delay": 1})
    for sentence in ("Two. ", "Three."):
        sentences.offer(sentence)
    with pytest.raises(FilterUnavailableError):
        await asyncio.wait_for(reading, 1)
    assert [sentence for sentence, _ in seen] == ["One. "]


async def test_a_reader_that_is_cancelled_takes_its_request_along(
    safety_filter: Filter, control: ControlClient
) -> None:
    await control.script({"on": "moderate", "delay": 30})
    sentences = FilteredSentences(safety_filter(timeout=60))
    reading = asyncio.create_task(read(sentences, []))
    sentences.offer("One.")
    await until_asked(control, 1)
    sentences.offer("Two.")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 1)
    await asyncio.sleep(0.1)
    assert (await control.stats())["moderations"] == 1


@given(
    sentences=st.lists(
        st.sampled_from(["Fine. ", "A murder. ", "A wager.\n", "\n", "Ask Dr. ", "Evil. "]), max_size=9
    ),
    pauses=st.lists(st.booleans(), min_size=9, max_size=9),
)
@examples(60)
async def test_the_pace_changes_no_verdict(
    moderations: Moderations, sentences: list[str], pauses: list[bool]
) -> None:
    rules = ({"name": "wager", "pattern": "wager"}, {"name": "doctor", "pattern": r"dr\. evil"})
    safety = Safety.model_validate({"rules": rules, "policy": "drop"})
    paced = FilteredSentences(SafetyFilter(safety, moderations))
    seen: list[tuple[str, Verdict]] = []
    reading = asyncio.create_task(read(paced, seen))
    for sentence, pause in zip(sentences, pauses, strict=False):
        paced.offer(sentence)
        await asyncio.sleep(0.004 * pause)
    paced.close()
    await reading
    at_once = await SafetyFilter(safety, moderations).check(sentences)
    assert seen == list(zip(sentences, at_once, strict=True))
