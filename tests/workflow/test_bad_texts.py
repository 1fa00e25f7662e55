"""Texts that nobody would write or say, on the real engine: answered, told once, spoken or skipped."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from activities.sentences.splitter import LONGEST
from tests.workflow.conftest import Talk
from tests.workflow.test_guided import phases, told
from tests.workflow.test_spoken import SPOKEN, heard
from workflows.contract.commands import MAX_CONTENT
from workflows.contract.safety import Safety

Start = Callable[..., Any]

MESSAGES = {
    "emoji": "🙂👩‍👩‍👧‍👦🏳️‍🌈",
    "white space": " \t\n\u2003\u200b ",
    "control characters": "\x00\x01\x1b[31m\x7f\x85",
    "one long word": "a" * MAX_CONTENT,
    "long and wide": "\U0001d54e" * MAX_CONTENT,
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627",
    "combining marks": "\u0301\u0302\u20dd" * 50,
    "no character": "\ufffe\uffff\ue000\U0010ffff",
}
ANSWERS = {
    "nothing": "",
    "emoji": "🙂🙂 👍🏽 ❤️",
    "newlines": "\n\n\n\n",
    "white space": " \t \u2003 ",
    "no full stop": "and then a word more " * 952,
    "no blank": "a" * 20_000,
    "no blank, wide": "語" * 20_000,
    "NUL": "One\x00 is here. \x00\x00 Two\x00.",
    "only NUL": "\x00\x00\x00",
    "control characters": "\x1b[31mRed.\x1b[0m \x07 \x08\x08",
    "combining marks": "\u0301\u0302 \u20dd\u0301.",
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd. \u05de\u05d4 \u05e9\u05dc\u05d5\u05de\u05da?\u202c",
    "only full stops": ". . . ... . !!! ???",
    "marks of a page": "``` \n --- \n ### \n | | |\n",
    "many short ones": "I. " * 300,
}
UNSAYABLE = {
    "nothing",
    "emoji",
    "newlines",
    "white space",
    "only NUL",
    "combining marks",
    "only full stops",
    "marks of a page",
}


async def announced(session: Talk) -> list[str]:
    """The sentences, each of which was told once, and heard or skipped once, in their order."""
    give_up = monotonic() + 30
    while len(heard(session)) < len(session.seen("sentence")):
        assert monotonic() < give_up, f"heard {heard(session)} of {told(session)}"
        await asyncio.sleep(0.01)
        await session.look()
    assert heard(session) == list(range(len(told(session))))
    return told(session)


def said(session: Talk) -> str:
    return "".join(event["text"] for event in session.seen("message.delta"))


async def still_lives(session: Talk, script: Start) -> None:
    turns, spoken = len(session.seen("turn.completed")), len(session.seen("speech.ready"))
    await script(text="I am here.")
    await session.say("are you there?", "and-then")
    await session.until("turn.completed", times=turns + 1)
    await session.until("speech.ready", times=spoken + 1)
    assert (await announced(session))[-1] == "I am here."


@pytest.mark.parametrize("kind", ANSWERS)
async def test_a_bad_answer_is_told_once_and_spoken_or_skipped(talk: Start, script: Start, kind: str) -> None:
    await script(text=ANSWERS[kind])
    session = await talk("go", **SPOKEN)
    await session.until("turn.completed")
    sentences = await announced(session)
    (whole,) = session.seen("message.completed")
    assert whole["text"] == said(session) == ANSWERS[kind]
    assert all(len(sentence) <= LONGEST for sentence in sentences)
    reasons = [event["reason"] for event in session.seen("speech.skipped")]
    assert set(reasons) <= {"unspeakable"}
    assert (not session.seen("speech.ready")) == (kind in UNSAYABLE)
    await still_lives(session, script)


async def test_a_filter_takes_every_bad_answer(talk: Start, script: Start) -> None:
    session = await talk(**SPOKEN, safety=Safety(strikes=1))
    for turn, text in enumerate(ANSWERS.values(), 1):
        await script(text=text)
        await session.say("go", f"m{turn}")
        await session.until("turn.completed", turn=turn)
    await announced(session)
    assert said(session) == "".join(ANSWERS.values())
    await still_lives(session, script)


@pytest.mark.parametrize("kind", ANSWERS)
async def test_a_phase_goes_on_after_a_bad_answer(talk: Start, script: Start, kind: str) -> None:
    await script(text=ANSWERS[kind])
    session = await talk(**phases("settling", "return", sentences=20), **SPOKEN)
    assert (await session.ended())["reason"] == "completed"
    assert [event["phase"] for event in session.seen("phase.completed")] == ["settling", "return"]
    assert all(event["sentences"] <= 20 for event in session.seen("phase.completed"))
    await announced(session)


@pytest.mark.parametrize("kind", MESSAGES)
async def test_a_bad_message_is_answered(talk: Start, script: Start, kind: str, calls: Start) -> None:
    await script(text="So be it.")
    session = await talk(**SPOKEN)
    await session.say(MESSAGES[kind], "m1")
    await session.until("turn.completed")
    assert await announced(session) == ["So be it."]
    assert (await calls())[-1]["input"][-1]["content"] == MESSAGES[kind]
    await still_lives(session, script)


@pytest.mark.parametrize("kind", MESSAGES)
async def test_a_bad_message_to_a_guided_session_is_taken_up(
    talk: Start, script: Start, kind: str, calls: Start
) -> None:
    await script(text="Slow is fine. " * 20, tokens_per_second=30)
    session = await talk(**phases("settling", "return"))
    await session.until("sentence")
    await session.say(MESSAGES[kind], "m1")
    assert (await session.ended())["reason"] == "completed"
    assert len(session.seen("message.accepted")) == 1
    assert MESSAGES[kind] in [
        item["content"] for body in await calls() for item in body["input"] if item.get("role") == "user"
    ]
    assert [event["phase"] for event in session.seen("phase.completed")] == ["settling", "return"]


@pytest.mark.parametrize("content", ["", "a" * (MAX_CONTENT + 1), None, 7, ["a"]])
async def test_a_message_that_is_none_is_rejected(talk: Start, script: Start, content: Any) -> None:
    session = await talk(**SPOKEN)
    await session.say(content, "m1")
    rejected = await session.until("message.rejected", message_id="m1")
    assert rejected["reason"] == "invalid_request"
    assert not session.seen("message.accepted")
    await still_lives(session, script)
