"""The splitter of sentences: how often it is right, and how fast it is while a model streams."""

from itertools import accumulate
from statistics import median
from time import perf_counter_ns

import sentencex

from activities.sentences import SentenceSplitter
from bench.figures import Row
from tests.text.test_golden_sentences import CASES, LEAST_BOUNDARIES, LEAST_EXACT

ROUNDS = 5
REPEATED = 20
"""Times that the golden texts of a language are taken for a long one."""
TOKEN = 5
"""Code points that a model gives out at a time."""
LANGUAGE = "en"


async def measure() -> list[Row]:
    return [_accuracy(), _speed()]


def _accuracy() -> Row:
    exact, right, either, alone = 0, 0, 0, 0
    for case in CASES:
        wanted, found = ends(case.pieces), ends(case.heard())
        exact += wanted == found
        right += len(wanted & found)
        either += len(wanted | found)
        alone += ends(list(sentencex.segment(case.language, case.text))) == wanted
    share, boundaries = exact / len(CASES), right / either
    languages = len({case.language for case in CASES})
    return Row(
        f"splitter: golden texts cut as a listener wants, {len(CASES)} in {languages} languages",
        f"{share:.1%} exactly, {boundaries:.1%} of boundaries",
        f"sentencex, given each text as a whole: {alone / len(CASES):.1%} exactly",
        f"≥ {LEAST_EXACT:.0%}; ≥ {LEAST_BOUNDARIES:.0%}",
        share >= LEAST_EXACT and boundaries >= LEAST_BOUNDARIES,
    )


def ends(pieces: list[str]) -> set[int]:
    """Where the visible part of each piece ends, but for the last: blanks may belong to either side."""
    begins = accumulate(map(len, pieces[:-1]), initial=0)
    return {begin + len(piece.rstrip()) for begin, piece in zip(begins, pieces[:-1], strict=False)}


def _speed() -> Row:
    text = " ".join(case.text for case in CASES if case.language == LANGUAGE) * REPEATED
    streaming = median(_streamed(text) for _ in range(ROUNDS))
    whole = median(_whole(text) for _ in range(ROUNDS))
    return Row(
        f"splitter: {len(text):,} code points, streamed in pieces of {TOKEN}",
        f"{streaming:.0f} ns a code point",
        f"sentencex on the whole text: {whole:.0f} ns",
        "told, not set",
        met=True,
    )


def _streamed(text: str) -> float:
    pieces = [text[begin : begin + TOKEN] for begin in range(0, len(text), TOKEN)]
    splitter = SentenceSplitter(LANGUAGE)
    start = perf_counter_ns()
    for piece in pieces:
        splitter.feed(piece)
    splitter.finish()
    return (perf_counter_ns() - start) / len(text)


def _whole(text: str) -> float:
    start = perf_counter_ns()
    list(sentencex.segment(LANGUAGE, text))
    return (perf_counter_ns() - start) / len(text)
