"""What a pattern of the safety filter may be: a regular expression that cannot keep the filter busy.

Owns how many ways a search may try, which is told from the pattern alone: while Python searches, nothing else
runs and nothing can end it. Must not search anything.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

# Python's own reading of the pattern; there is no public one, and a second reader would read it differently.
from re import _parser
from typing import Any, Final

SEEN_AT_ONCE: Final = 600
"""Code points that one search covers."""
MAX_PATHS: Final = 5_000
"""Ways to try from one place: the slowest search takes less than 0.1 s. Patterns are pinned with their
profiles, so this may grow, but never shrink."""

_WHITE_SPACE: Final = frozenset({"CATEGORY_SPACE", *map(ord, " \t\n\r\f\v")})
_REFUSED: Final = frozenset({"GROUPREF", "GROUPREF_EXISTS"})

_Item = tuple[Any, Any]


@lru_cache(maxsize=1024)
def checked_pattern(pattern: str) -> str:
    """`pattern`, which finds a phrase whatever its case. Raises ValueError that says what to change."""
    try:
        re.compile(pattern, re.IGNORECASE)
        items = _parser.parse(pattern, re.IGNORECASE)
        shortest, _ = items.getwidth()
        paths = _of_sequence(items)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is no regular expression ({error}); correct it") from error
    if shortest == 0:
        raise ValueError(f"{pattern!r} matches where there is nothing; name at least one character")
    if paths > MAX_PATHS:
        raise ValueError(
            f"{pattern!r} can take too long; give its repeats an end, such as {{0,20}} instead of *, "
            "and put none inside another"
        )
    return pattern


def _of_sequence(items: Iterable[_Item]) -> int:
    """The ways through all of `items`; what is atomic is tried anew by each, but adds no way of its own."""
    ways, tried = 1, 1
    for item in items:
        if _kind(item) in {"ASSERT", "ASSERT_NOT", "ATOMIC_GROUP", "POSSESSIVE_REPEAT"}:
            tried += _of_item(item)
        else:
            ways = _capped(ways * _of_item(item))
    return _capped(ways * tried)


def _of_item(item: _Item) -> int:
    kind, value = _kind(item), item[1]
    if kind in _REFUSED:
        raise re.error("it refers to one of its own groups, which no pattern here may")
    match kind:
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _of_repeat(*value)
        case "BRANCH":
            return _capped(sum(map(_of_sequence, value[1])))
        case "SUBPATTERN" | "ASSERT" | "ASSERT_NOT":
            return _of_sequence(value[-1])
        case "ATOMIC_GROUP":
            return _of_sequence(value)
        case _:
            return 1


def _of_repeat(least: int, most: int, body: Sequence[_Item]) -> int:
    # In what is searched, one blank stands for any run of them.
    longest = 1 if _is_white_space(body) else SEEN_AT_ONCE
    least, most = min(int(least), longest), min(int(most), longest)
    each = _of_sequence(body)
    if each == 1:
        return most - least + 1
    ways = 0
    for times in range(least, most + 1):
        ways = _capped(ways + each**times)
        if ways > MAX_PATHS:
            break
    return ways


def _is_white_space(body: Sequence[_Item]) -> bool:
    return len(body) == 1 and _all_white_space(body[0])


def _all_white_space(item: _Item) -> bool:
    kind, value = _kind(item), item[1]
    if kind == "IN":
        return all(map(_all_white_space, value))
    return kind in {"LITERAL", "CATEGORY"} and (value if kind == "LITERAL" else str(value)) in _WHITE_SPACE


def _kind(item: _Item) -> str:
    return str(item[0])


def _capped(ways: int) -> int:
    return min(ways, MAX_PATHS + 1)
