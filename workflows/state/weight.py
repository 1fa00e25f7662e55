"""What a message weighs: the bytes that it takes in a session's state.

Owns the estimate, which is never too low; must not know how much is too much.
"""

from typing import Final

from pydantic_core import to_json

ENVELOPE: Final = 350
"""Bytes beside the text: ids and names of the greatest length, a time, the names of the fields."""


def weight(content: str) -> int:
    """Bytes of a message that says `content`, waiting or in the transcript."""
    return ENVELOPE + len(to_json(content))
