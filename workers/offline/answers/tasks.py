"""Owns the answers to things the model is asked to do: echo, count, tell, write, reckon.

Pure; each function answers or returns None when the task is not its own.
"""

import operator
from collections.abc import Callable

from workers.offline.answers.exchange import Exchange
from workers.offline.answers.prose import LONG, SHORT, USUAL, counting, story, words
from workers.offline.patterns import phrase

_ECHO = phrase(r"\b(?:repeat after me|echo|say exactly)\s*:\s?")
_COUNT = phrase(
    r"\bcount\b(?:\s+\w+)?(?:\s+from\s+(\d{1,9}))?\s+(?:up\s+|down\s+)?(?:to|until)\s+(\d{1,9})\b"
)
_COUNT_DOWN = phrase(r"\bcount(?:\s*down)?\s+(?:down\s+)?from\s+(\d{1,9})\b")
_WORDS = phrase(r"\b(\d{1,9})[- ]words?\b")
_STORY = phrase(r"\b(?:story|tale)\b")
_TELLING = phrase(r"\b(?:tell|write|make|give|another|read|say|generate|produce|print)\b")
_TOPIC = phrase(r"\b(?:about|of)\s+([^.!?,;:\n]{1,80})")
_SUM = phrase(
    r"^(?:what(?:'s| is)|how much is|calculate|compute)?\s*"
    r"(-?\d{1,12})\s*([-+*/x\u00d7\u00f7])\s*(-?\d{1,12})\s*=?\s*\??$"
)

_OPERATORS: dict[str, Callable[[int, int], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "x": operator.mul,
    "\u00d7": operator.mul,
    "/": operator.truediv,
    "\u00f7": operator.truediv,
}


def carry_out(exchange: Exchange) -> str | None:
    """Return the result of the task that the person set, or None when they set none."""
    return next((result for task in _TASKS if (result := task(exchange.text)) is not None), None)


def _echo(text: str) -> str | None:
    found = _ECHO.search(text)
    return text[found.end() :] if found else None


def _count(text: str) -> str | None:
    if found := _COUNT.search(text):
        return counting(int(found[1] or 1), int(found[2]))
    if found := _COUNT_DOWN.search(text):
        return counting(int(found[1]), 0)
    return None


def _write_words(text: str) -> str | None:
    found = _WORDS.search(text)
    if not found or not _TELLING.search(text):
        return None
    return words(max(1, int(found[1])), _topic(text))


def _tell_story(text: str) -> str | None:
    if not _STORY.search(text) or not _TELLING.search(text):
        return None
    return story(_nights(text.lower()), _topic(text))


def _nights(text: str) -> int:
    if "long" in text:
        return LONG
    return SHORT if "short" in text else USUAL


def _reckon(text: str) -> str | None:
    found = _SUM.search(text.strip())
    if not found:
        return None
    left, sign, right = int(found[1]), found[2].lower(), int(found[3])
    if sign in "/\u00f7" and right == 0:
        return "Nothing can be divided by zero."
    return f"{left} {sign} {right} = {_OPERATORS[sign](left, right):.12g}"


def _topic(text: str) -> str | None:
    found = _TOPIC.search(text)
    return found[1].strip() if found else None


_TASKS = (_echo, _count, _write_words, _tell_story, _reckon)
