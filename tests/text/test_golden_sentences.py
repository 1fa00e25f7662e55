"""Where a listener wants a text cut, language by language.

Owns the accuracy that was reached and must not be lost. The cases say what is right, not what the code does.
"""

import json
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pytest

from activities.sentences import SentenceSplitter

LEAST_EXACT = 0.98
LEAST_EXACT_OF_A_LANGUAGE = 0.9
LEAST_BOUNDARIES = 0.95
LEAST_CASES = 12
LANGUAGES = ("en", "de", "es", "fr", "zh", "ja")
KNOWN_MISSES = {
    ("en", "name after a quotation"): "a name with its capital looks like a new sentence",
    ("ja", "句点なし"): "a quotation without an end mark may end a sentence or stand in one",
    ("ja", "曲"): "the name of a band ends with a full stop",
}


@dataclass(frozen=True)
class Case:
    language: str
    name: str
    text: str
    pieces: list[str]

    @property
    def key(self) -> tuple[str, str]:
        return self.language, self.name

    def heard(self) -> list[str]:
        splitter = SentenceSplitter(self.language)
        fed = [piece for character in self.text for piece in splitter.feed(character)]
        return fed + splitter.finish()


CASES = [
    Case(**case) for case in json.loads((Path(__file__).parent / "golden_sentences.json").read_text("utf-8"))
]


def inner_boundaries(pieces: list[str]) -> set[int]:
    return set(accumulate(map(len, pieces[:-1])))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}: {case.name}")
def test_a_golden_text_is_cut_as_a_listener_wants(case: Case) -> None:
    if case.key in KNOWN_MISSES:
        assert case.heard() != case.pieces, "no longer missed: take it off the list"
    else:
        assert case.heard() == case.pieces


def test_the_cases_are_sound() -> None:
    assert all("".join(case.pieces) == case.text for case in CASES)
    assert all(count == 1 for count in Counter(case.key for case in CASES).values())
    per_language = Counter(case.language for case in CASES)
    assert set(per_language) == set(LANGUAGES)
    assert min(per_language.values()) >= LEAST_CASES
    assert set(KNOWN_MISSES) <= {case.key for case in CASES}


def test_accuracy_stays_above_its_floor() -> None:
    exact: Counter[str] = Counter()
    right: Counter[str] = Counter()
    either: Counter[str] = Counter()
    for case in CASES:
        heard = case.heard()
        exact[case.language] += heard == case.pieces
        wanted, found = inner_boundaries(case.pieces), inner_boundaries(heard)
        right[case.language] += len(wanted & found)
        either[case.language] += len(wanted | found)
    cases = Counter(case.language for case in CASES)
    for language in LANGUAGES:
        shares = exact[language] / cases[language], right[language] / either[language]
        print(f"{language}: of {cases[language]} exact {shares[0]:.3f}, boundaries {shares[1]:.3f}")
        assert shares[0] >= LEAST_EXACT_OF_A_LANGUAGE
        assert shares[1] >= LEAST_BOUNDARIES
    assert exact.total() / cases.total() >= LEAST_EXACT
