"""Owns the few instructions about form that the offline model follows. Pure; must not change what is said."""

import re

from workers.offline.patterns import phrase

_UPPER_CASE = phrase(r"\b(?:upper ?case|all caps|capital letters)\b")
_FEW_SENTENCES = phrase(r"\b(?:answer|reply|respond)\b[^.]{0,40}\b(one|two|three)\s+(?:\w+\s+)?sentences?\b")
_FIRST_WORDS = phrase(r"\b(?:start|begin)\b[^.\"]{0,40}\bwith\s+\"([^\"]+)\"")
_LAST_WORDS = phrase(r"\b(?:end|finish|close)\b[^.\"]{0,40}\bwith\s+\"([^\"]+)\"")
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|$)", re.DOTALL)
_AMOUNTS = {"one": 1, "two": 2, "three": 3}


def styled(text: str, instructions: str) -> str:
    """Return the text in the form that the instructions ask for."""
    if found := _FEW_SENTENCES.search(instructions):
        text = "".join(_SENTENCE.findall(text)[: _AMOUNTS[found[1].lower()]])
    if _UPPER_CASE.search(instructions):
        text = text.upper()
    first, last = _FIRST_WORDS.search(instructions), _LAST_WORDS.search(instructions)
    return " ".join(filter(None, [first and first[1], text, last and last[1]]))
