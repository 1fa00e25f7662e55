"""Owns the verdicts of `POST /v1/moderations`. Pure: a short list of words decides, always the same way.

Must not be used to protect anybody: it exists so that what follows a verdict can be seen and tested.
"""

import re
import secrets
from collections.abc import Iterable
from typing import Any

from workers.offline.errors import Rejection
from workers.offline.patterns import phrase

_DEFAULT_MODEL = "omni-moderation-latest"
_CERTAIN, _UNLIKELY = 0.98, 0.0001

_FLAGGING = {
    "harassment": ("you are worthless", "i will find you"),
    "harassment/threatening": ("i will hurt you", "i will kill you"),
    "hate": ("subhuman",),
    "hate/threatening": ("exterminate them",),
    "illicit": ("how to shoplift", "forge a passport"),
    "illicit/violent": ("build a bomb", "make a bomb", "pipe bomb"),
    "self-harm": ("suicide", "hurt yourself", "kill yourself", "cut yourself"),
    "self-harm/instructions": ("how to kill yourself",),
    "self-harm/intent": ("kill myself", "hurt myself", "end my life"),
    "sexual": ("explicit sex", "porn"),
    "sexual/minors": (),
    "violence": ("murder", "massacre", "i will kill you"),
    "violence/graphic": ("severed head", "torn limb from limb"),
}
_PATTERNS = {
    category: phrase(rf"\b(?:{'|'.join(map(re.escape, phrases))})")
    for category, phrases in _FLAGGING.items()
    if phrases
}


def moderate(body: object) -> dict[str, Any]:
    """Return the answer to a moderation request."""
    if not isinstance(body, dict):
        raise Rejection("We could not parse the JSON body of your request.")
    return {
        "id": f"modr-{secrets.token_hex(16)}",
        "model": body.get("model") or _DEFAULT_MODEL,
        "results": [_verdict(text) for text in moderated_texts(body)],
    }


def moderated_texts(body: object) -> list[str]:
    """Return the texts to judge: one, one of each string, or that of a list of parts together."""
    value = body.get("input") if isinstance(body, dict) else None
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not value:
        message = "Missing required parameter: 'input'."
        raise Rejection(message, param="input", code="missing_required_parameter")
    if all(isinstance(entry, str) for entry in value):
        return value
    return ["\n".join(_texts_of_parts(value))]


def _texts_of_parts(parts: Iterable[object]) -> Iterable[str]:
    for part in parts:
        if not isinstance(part, dict):
            raise Rejection("Invalid value for 'input': strings or content parts expected.", param="input")
        if isinstance(part.get("text"), str):
            yield part["text"]


def _verdict(text: str) -> dict[str, Any]:
    categories = {category: _matches(category, text) for category in _FLAGGING}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": {category: _CERTAIN if hit else _UNLIKELY for category, hit in categories.items()},
        "category_applied_input_types": {category: ["text"] for category in categories},
    }


def _matches(category: str, text: str) -> bool:
    pattern = _PATTERNS.get(category)
    return pattern is not None and pattern.search(text) is not None
