"""An answer told in sentences: each one once, in order, whoever dies between two of them."""

import asyncio
import json
from random import Random

import pytest
from openai import AsyncOpenAI

from activities.lines import Lines, WritingEndedError
from activities.safety.filter import SafetyFilter
from activities.safety.moderations import Moderations
from activities.sentences import SentenceSplitter
from activities.store.cursor import BEGINNING
from activities.teller import Teller
from activities.told_answer import Place, ToldAnswer
from tests.store.attempts import COMPLETE, MESSAGE_ID, STOPPED, Stage, nowhere
from tests.store.viewer import EVERYTHING
from workflows.contract.model_call import Sentences, StepResult
from workflows.contract.safety import Safety, SafetyRule

SAID = (
    "Let us begin. Breathe in, and out! Is it quiet? Dr. Weiß says: “Take 3.5 minutes.” Good… Now listen 🌊. "
    "Nothing is wanted from you. Nothing at all.\n\nThe second part begins here; it is longer. And it ends."
)
FIRST = 7


def told(**more: object) -> Sentences:
    return Sentences.model_validate({"language": "en", "first": FIRST, "phase": "settling", **more})


def pieces() -> list[str]:
    splitter = SentenceSplitter()
    return [*splitter.feed(SAID), *splitter.finish()]


def deltas(chance: Random) -> list[str]:
    """What the provider says, event by event."""
    found, rest = [], SAID
    while rest:
        size = chance.randint(1, 25)
        found.append(rest[:size])
        rest = rest[size:]
    return found


async def begin(stage: Stage, asked: Sentences) -> ToldAnswer:
    """The next attempt, where the last one left it."""
    writer, position = await stage.take_over()
    shown = await stage.reader.shown(stage.session_id, 1, position.first, MESSAGE_ID)
    return ToldAnswer(Lines(stage.log, writer, position, shown), MESSAGE_ID, nowhere, asked)


async def sentences(stage: Stage) -> list[tuple[int, str]]:
    logged = await stage.reader.after(stage.session_id, BEGINNING, EVERYTHING)
    events = [json.loads(entry.event) for entry in logged]
    return [(event["index"], event["text"]) for event in events if event["type"] == "sentence"]


def count(final: StepResult) -> int:
    assert final.sentences is not None
    return len(final.sentences.ends)


def expected(count: int) -> list[tuple[int, str]]:
    return [(FIRST + number, piece.strip()) for number, piece in enumerate(pieces()[:count])]


@pytest.mark.parametrize("seed", range(25))
async def test_attempts_that_die_between_sentences_tell_each_one_once(stage: Stage, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  draws where an attempt dies
    events = list(enumerate(deltas(chance), start=1))
    final: StepResult | None = None
    while final is None:
        answer = await begin(stage, told())
        teller = Teller(answer, told())
        if answer.response_id is None:
            teller.opened("resp-1", 0)
        after = teller.cursor or 0
        left = [event for event in events if event[0] > after]
        dies_at = chance.randint(0, 2 * len(events))
        for number, text in left[:dies_at]:
            teller.heard(text, number)
            if chance.random() < 0.5:
                await answer.write()
        if dies_at >= len(left):
            teller.finish()
            final = await answer.finish(COMPLETE)
    assert final.text == SAID
    assert count(final) == len(pieces())
    assert final.sentences is not None
    assert list(final.sentences.told_in(final.text)) == expected(len(pieces()))
    assert await sentences(stage) == expected(len(pieces()))
    assert await stage.held() == (SAID, "complete")


@pytest.mark.parametrize("most", [1, 3, 8])
async def test_enough_is_enough(stage: Stage, most: int) -> None:
    asked = told(most=most)
    answer = await begin(stage, asked)
    teller = Teller(answer, asked)
    teller.opened("resp-1", 0)
    for number, text in enumerate(deltas(Random(most)), start=1):  # noqa: S311  draws events
        teller.heard(text, number)
        if teller.cut:
            break
    assert teller.cut
    final = await answer.finish(COMPLETE)
    assert count(final) == most
    assert await sentences(stage) == expected(most)
    assert not teller.is_verbatim


async def test_a_model_that_says_just_as_much_as_it_was_asked_for_is_not_cut(stage: Stage) -> None:
    asked = told(most=len(pieces()))
    answer = await begin(stage, asked)
    teller = Teller(answer, asked)
    teller.opened("resp-1", 0)
    teller.heard(SAID, 1)
    teller.finish()
    await answer.finish(COMPLETE)
    assert not teller.cut
    assert teller.is_verbatim


async def test_a_stop_keeps_whole_sentences(stage: Stage) -> None:
    answer = await begin(stage, told())
    teller = Teller(answer, told())
    teller.opened("resp-1", 0)
    teller.heard(SAID[:40], 1)
    await answer.write()
    await stage.log.request_stop(stage.session_id, 1)
    teller.heard(SAID[40:90], 2)
    with pytest.raises(WritingEndedError, match="stopped"):
        await answer.write()
    final = await answer.finish(STOPPED)
    assert final.text == "".join(pieces()[: count(final)])
    assert await sentences(stage) == expected(count(final))


async def test_what_polling_gives_is_told_like_deltas(stage: Stage) -> None:
    answer = await begin(stage, told())
    teller = Teller(answer, told())
    teller.opened("resp-1", 0)
    teller.heard(SAID[:50], 1)
    teller.heard_whole(SAID)
    teller.finish()
    assert (await answer.finish(COMPLETE)).text == SAID


async def test_a_sentence_is_known_of_once_it_is_written_and_not_before(stage: Stage) -> None:
    answer = await begin(stage, told())
    teller = Teller(answer, told())
    teller.opened("resp-1", 0)
    teller.heard(SAID[:40], 1)
    writing = asyncio.create_task(answer.write())
    await asyncio.sleep(0)
    assert answer.sentences == 2
    assert await answer.more_told(FIRST) == FIRST + 2
    assert writing.done()
    assert await sentences(stage) == expected(2)


async def test_a_flagged_last_sentence_spoils_the_response_before_it_is_written(stage: Stage) -> None:
    safety = Safety(rules=(SafetyRule(name="secrets", pattern="gold"),), moderation=False)
    answer = await begin(stage, told())
    teller = Teller(answer, told(), SafetyFilter(safety, Moderations(AsyncOpenAI(api_key="none")), ""))
    teller.opened("resp-1", 0)
    teller.heard("All is well. There is gold.", 1)
    teller.finish()
    await teller.keep_telling()
    assert not teller.is_verbatim


async def test_strikes_are_remembered_when_a_response_is_given_up(stage: Stage) -> None:
    answer = await begin(stage, told())
    Teller(answer, told()).opened("resp-1", 0)
    answer.tell("Let us go on. ", Place(1, 14, 0, flagged=2))
    await answer.write()
    await answer.forget_response()
    later = await begin(stage, told())
    assert (later.response_id, later.place) == (None, Place(flagged=2))


@pytest.mark.parametrize("place", [Place(), Place(3, 10, 2, 1), Place(None, 0, 0, 4)])
def test_a_place_is_read_as_it_was_written(place: Place) -> None:
    assert Place.parse(place.cursor, str(place)) == place
