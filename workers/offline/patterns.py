"""Owns how the offline model reads a sentence: patterns that ignore case. Must not know any of them."""

import re


def phrase(pattern: str) -> re.Pattern[str]:
    """Return a pattern for what a person writes, in whatever case."""
    return re.compile(pattern, re.IGNORECASE)


def plain(text: str) -> str:
    """Return a text whose apostrophes are the ones that the patterns know."""
    return text.replace("\u2019", "'")
