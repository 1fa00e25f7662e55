"""What the filter says of sentences, with the offline model's moderation."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.safety.filter import SafetyFilter, Verdict
from activities.safety.moderations import Moderations
from activities.safety.rules import Rules, even
from tests.effort import examples
from tests.text.conftest import Filter
from workers.offline.control_client import ControlClient
from workflows.contract.pattern import SEEN_AT_ONCE
from workflows.contract.safety import Safety, SafetyRule

INSTEAD = "Let us leave that aside and go on."


async def test_what_is_harmless_is_said_as_it_is(safety_filter: Filter) -> None:
    sentences = ["Breathe in. ", "Breathe out.\n\n", " ", "Rest."]
    verdicts = await safety_filter(rules={"r": "bomb"}).check(sentences)
    assert verdicts == [Verdict(sentence, None) for sentence in sentences]


async def test_a_flagged_sentence_is_replaced_and_keeps_its_white_space(safety_filter: Filter) -> None:
    verdicts = await safety_filter(rules={"odds": "wager"}).check(
        ["Fine. ", "A WAGER!\n\n", "I kill myself. ", "End."]
    )
    assert verdicts == [
        Verdict("Fine. ", None),
        Verdict(INSTEAD + "\n\n", "rule:odds"),
        Verdict(INSTEAD + " ", "moderation:self-harm/intent"),
        Verdict("End.", None),
    ]


async def test_a_flagged_sentence_is_dropped(safety_filter: Filter) -> None:
    verdicts = await safety_filter(rules={"r": "wager"}, policy="drop").check(["Fine. ", "A wager! ", "End."])
    assert verdicts == [Verdict("Fine. ", None), Verdict(None, "rule:r"), Verdict("End.", None)]


async def test_nothing_is_said_after_a_sentence_that_ends(safety_filter: Filter) -> None:
    ending = safety_filter(rules={"r": "wager"}, policy="end")
    verdicts = await ending.check(["Fine. ", "A wager! ", "End. "])
    assert verdicts == [Verdict("Fine. ", None), Verdict(None, "rule:r"), Verdict(None, None)]
    assert await ending.check(["More."]) == [Verdict(None, None)]


async def test_the_replacement_is_the_profiles(safety_filter: Filter) -> None:
    verdicts = await safety_filter(replacement="Moving on.").check(["A murder. "])
    assert verdicts == [Verdict("Moving on. ", "moderation:violence")]


async def test_strikes_are_counted_elsewhere(safety_filter: Filter) -> None:
    verdicts = await safety_filter(strikes=1).check(["A murder."] * 3)
    assert [verdict.text for verdict in verdicts] == [INSTEAD] * 3


async def test_moderation_is_asked_once_about_what_rules_let_through(
    safety_filter: Filter, asked: Callable[[], Any]
) -> None:
    await safety_filter(rules={"r": "wager"}).check(["One. ", "A wager. ", "\n", "Two. "])
    assert await asked() == [["One.", "Two."]]


async def test_moderation_is_not_asked_without_need(safety_filter: Filter, asked: Callable[[], Any]) -> None:
    await safety_filter(rules={"r": "wager"}).check(["A wager. "])
    await safety_filter().check([])
    verdicts = await safety_filter(moderation=False).check(["A murder."])
    assert verdicts == [Verdict("A murder.", None)]
    assert await asked() == []


async def test_the_model_is_named_only_where_the_profile_does(
    safety_filter: Filter, control: ControlClient
) -> None:
    await safety_filter(model="mine").check(["One."])
    await safety_filter().check(["Two."])
    assert [record["body"] for record in await control.requests()] == [
        {"input": ["One."], "model": "mine"},
        {"input": ["Two."]},
    ]


# ---- borders -----------------------------------------------------------------------------------------


async def test_a_phrase_over_a_border_flags_the_second_sentence(safety_filter: Filter) -> None:
    rules = {"doctor": r"dr\. evil"}
    together = await safety_filter(rules=rules).check(["Ask Dr.\n", "Evil now. ", "Fine."])
    assert [verdict.flagged_by for verdict in together] == [None, "rule:doctor", None]
    apart = safety_filter(rules=rules)
    flags = [(await apart.check([part]))[0].flagged_by for part in ("Ask Dr. ", "\n", "Evil now. ", "Fine.")]
    assert flags == [None, None, "rule:doctor", None]
    taken_over = safety_filter("Ask Dr. ", rules=rules)
    assert (await taken_over.check(["Evil now."]))[0].flagged_by == "rule:doctor"


async def test_a_border_is_with_what_was_said(safety_filter: Filter) -> None:
    rules = {"doctor": r"dr\. evil", "wager": "wager"}
    replaced = await safety_filter(rules=rules).check(["A wager, Dr. ", "Evil."])
    assert [verdict.flagged_by for verdict in replaced] == ["rule:wager", None]


@pytest.mark.parametrize("between", ["A wager. ", "A murder. "])
async def test_what_is_dropped_makes_neighbours(safety_filter: Filter, between: str) -> None:
    rules = {"doctor": r"dr\. evil", "wager": "wager"}
    verdicts = await safety_filter(rules=rules, policy="drop").check(["Dr. ", between, "Evil."])
    assert "".join(verdict.text or "" for verdict in verdicts) == "Dr. "
    assert verdicts[-1].flagged_by == "rule:doctor"


async def test_what_was_said_before_flags_nothing_by_itself(safety_filter: Filter) -> None:
    resumed = safety_filter("I like a wager. ", rules={"wager": "wager"})
    assert (await resumed.check(["So do I."]))[0].flagged_by is None


# ---- rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before", [0, 1, SEEN_AT_ONCE - 8, SEEN_AT_ONCE - 3, SEEN_AT_ONCE, 5 * SEEN_AT_ONCE + 7]
)
@pytest.mark.parametrize("behind", [0, 1, SEEN_AT_ONCE])
async def test_a_long_text_is_searched_to_its_end(before: int, behind: int) -> None:
    rules = Rules([SafetyRule(name="r", pattern="for.{0,9}bidden")])
    assert await rules.broken_by("x" * before + "for  bidden" + "x" * behind) == "r"
    assert await rules.broken_by("x" * before + "for  bidde" + "x" * behind) is None


async def test_white_space_is_made_even() -> None:
    rules = Rules([SafetyRule(name="r", pattern="build a bomb")])
    assert await rules.broken_by(even("  BUILD\u00a0\n a\t\tBomb.\n")) == "r"


async def test_the_first_rule_is_named() -> None:
    rules = Rules([SafetyRule(name=name, pattern=name) for name in ("zz", "b", "a")])
    assert await rules.broken_by("a b") == "b"


async def test_many_rules_let_others_run(safety_filter: Filter) -> None:
    slow = {f"r{number}": f"a*[ab]{{1,{number}}}!" for number in range(1, 8)}
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await safety_filter(rules=slow, moderation=False).check(["a" * 600])
    counting.cancel()
    assert turns >= 4


# ---- any batch ---------------------------------------------------------------------------------------

HARMFUL = ["I place a wager", "Build a BOMB now", "a murder", "wa\nger wager", "Dr. Evil"]
HARMLESS = ["Breathe in.", "Rest now", "Dr.", "Evil things", "wa", "ger", ""]
SENTENCES = st.builds(
    "{}{}".format, st.sampled_from(HARMFUL + HARMLESS), st.sampled_from([" ", "\n\n", "", ".  "])
)


@given(
    batches=st.lists(st.lists(SENTENCES, max_size=6), max_size=4),
    policy=st.sampled_from(["replace", "drop", "end"]),
)
@examples(60)
async def test_no_flagged_text_is_ever_said(moderations: Moderations, batches: Any, policy: str) -> None:
    rules = ({"name": "wager", "pattern": r"\bwager"}, {"name": "doctor", "pattern": r"dr\. evil"})
    filtering = SafetyFilter(Safety.model_validate({"rules": rules, "policy": policy}), moderations)
    spoken = [pair for batch in batches for pair in zip(batch, await filtering.check(batch), strict=True)]
    said = even("".join(f"{verdict.text or ''} " for _, verdict in spoken)).lower()
    assert not any(phrase in said for phrase in ("wager", "build a bomb", "murder", "dr. evil"))
    ended = False
    for sentence, verdict in spoken:
        if ended or (verdict.flagged_by is not None and policy != "replace"):
            assert verdict.text is None
        elif verdict.flagged_by is None:
            assert verdict.text == sentence
        else:
            assert verdict.text == INSTEAD + sentence[len(sentence.rstrip()) :]
        ended = ended or (verdict.flagged_by is not None and policy == "end")
        if any(even(phrase) in even(sentence) for phrase in HARMFUL):
            assert verdict.flagged_by is not None
