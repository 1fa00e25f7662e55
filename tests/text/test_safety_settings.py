"""What a profile may say of its safety filter."""

import re
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.effort import examples
from workflows.contract.base import complaint
from workflows.contract.pattern import SEEN_AT_ONCE, checked_pattern
from workflows.contract.safety import Safety, SafetyPolicy, SafetyRule


def refusal(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Safety.model_validate(settings)
    (item,) = caught.value.errors()
    return complaint(item)


def test_a_profile_need_not_say_anything() -> None:
    safety = Safety()
    assert safety.moderation
    assert (safety.policy, safety.strikes, safety.timeout) == (SafetyPolicy.REPLACE, 3, timedelta(seconds=3))
    assert safety.replacement.endswith(".")
    assert Safety.model_validate_json(safety.model_dump_json()) == safety


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bbuild\s+a\s+bomb\b",
        r"kill.{0,40}your\s*self",
        r"secret.*",
        r"(?:foo|bar)s?",
        r"\b(?:very ){1,5}bad",
        r"[\w.+-]{1,40}@\w{1,40}",
        r"(?<!not )dangerous",
        "(" * 60 + "a" + ")" * 60,
    ],
)
def test_a_sound_pattern_is_kept_as_it_is(pattern: str) -> None:
    assert SafetyRule(name="r", pattern=pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["(", "a{3,2}", "[z-a]", "(?P<x>a)(?P<x>b)", "a{99999999999999999999}"])
def test_what_is_no_regular_expression_is_refused(pattern: str) -> None:
    assert "no regular expression" in refusal(rules=[{"name": "r", "pattern": pattern}])


@pytest.mark.parametrize("pattern", ["a*", "()", r"\b", "^", "$", "(?=a)", "a|", "(?:a?b?){3}"])
def test_a_pattern_that_matches_nothing_in_particular_is_refused(pattern: str) -> None:
    assert "name at least one character" in refusal(rules=[{"name": "r", "pattern": pattern}])


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "(a+)+b",
            "(a|aa)+b",
            "(a*)*b",
            ".*.*x",
            r"(?:\w+\s?)*x",
            "(x(?=.*a))+y",
            "(?:a|b|cc){20}",
            "a+a+b",
        ),
        *("(?:a?){30}b", "(?:a{1,9}){9}b", "(?:(?:a|bb)+?c)++d", "(?>(?:a|aa)+)b", "(?:.*x){3}"),
    ],
)
def test_a_pattern_that_could_search_for_ever_is_refused(pattern: str) -> None:
    assert "{0,20} instead of *" in refusal(rules=[{"name": "r", "pattern": pattern}])


@pytest.mark.parametrize("pattern", [r"(a.)\1", r"(a)?b(?(1)c|d)"])
def test_a_pattern_that_refers_to_itself_is_refused(pattern: str) -> None:
    assert "its own groups" in refusal(rules=[{"name": "r", "pattern": pattern}])


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", ".", r"\w", "aa", " "]),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{0,9}", "{2,5}?", "*?"])),
        st.builds("(?={}){}".format, inner, inner),
    ),
    max_leaves=9,
)


@given(PATTERNS.map("{}!".format))
@examples(300)
def test_what_is_not_refused_is_searched_in_a_moment(pattern: str) -> None:
    try:
        compiled = re.compile(checked_pattern(pattern), re.IGNORECASE)
    except ValueError:
        return
    for text in ("a" * SEEN_AT_ONCE, "ab" * (SEEN_AT_ONCE // 2), "aab " * (SEEN_AT_ONCE // 4)):
        began = perf_counter()
        assert compiled.search(text) is None
        assert perf_counter() - began < 1


def test_a_pattern_has_at_most_500_characters() -> None:
    assert SafetyRule(name="r", pattern="a" * 500)
    assert "500" in refusal(rules=[{"name": "r", "pattern": "a" * 501}])


def test_two_rules_have_two_names() -> None:
    rules = [{"name": "r", "pattern": "a"}, {"name": "r", "pattern": "b"}]
    assert refusal(rules=rules) == "two safety rules have the same name; rename one"


def test_a_replacement_must_pass_itself() -> None:
    assert "word it otherwise" in refusal(
        rules=[{"name": "r", "pattern": "bomb"}], replacement="No BOMBS here."
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"replacement": ""},
        {"replacement": "  "},
        {"replacement": "x" * 501},
        {"strikes": 0},
        {"strikes": 1001},
        {"timeout": 0},
        {"policy": "ignore"},
        {"rules": [{"name": "r", "pattern": "x"}] * 101},
    ],
)
def test_nonsense_is_refused(settings: dict[str, Any]) -> None:
    assert refusal(**settings)
