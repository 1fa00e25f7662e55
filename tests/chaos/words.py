"""What the model is made to say: numbered words, each with the mark of the message that asked for it.

The offline model repeats what it is told to, so that the right answer to every message is known, and what is
lost, doubled or out of place in a wrong one is found by arithmetic. Pure.
"""

import re
from typing import Final, Literal

_ASKING: Final = "say exactly: "
_WORD: Final = re.compile(r"([0-9]+)x([0-9a-z]+)")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

Flaw = Literal["lost", "doubled", "reordered", "strange"]


def mark(number: int) -> str:
    """A short name of message `number` of a run."""
    left, right = divmod(number, len(_DIGITS))
    return (mark(left) if left else "") + _DIGITS[right]


def asking_for(count: int, name: str) -> str:
    """A message that makes the model say `count` words."""
    return _ASKING + " ".join(f"{number}x{name}" for number in range(count))


def answer_to(content: str) -> str:
    """What the model says to such a message."""
    return content.removeprefix(_ASKING)


def flaw(expected: str, said: str, *, whole: bool) -> Flaw | None:
    """What is wrong with `said`; None when it is `expected`, or, unless `whole`, the beginning of it."""
    if said == expected or (not whole and expected.startswith(said)):
        return None
    right, heard = _numbers(expected), _numbers(said)
    if len(set(heard)) < len(heard):
        return "doubled"
    if not set(heard) <= set(right):
        return "strange"
    if heard != sorted(heard):
        return "reordered"
    return "lost" if heard != right[: len(heard)] or (whole and heard != right) else "strange"


def _numbers(text: str) -> list[tuple[str, int]]:
    """The words of a text; a torn one is not a word."""
    return [
        (found[2], int(found[1])) if (found := _WORD.fullmatch(word)) else (word, -1) for word in text.split()
    ]
