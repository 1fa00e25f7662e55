"""The YAML of a profile: one document of a bounded size, in which nothing is said twice.

Owns what of YAML a profile may use, and at which line something stands; must not know profiles.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml

MAX_BYTES: Final = 128 * 1024
"""Of a profile, references written out: sessions carry their profile with them, and more than once."""

Location = tuple[int | str, ...]


class ProfileYamlError(Exception):
    """A text that holds no profile; the message says what to do about it, `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Knows the line of a value that looks like a date or a number, and is none."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            raise yaml.MarkedYAMLError(problem=_first_words(error), problem_mark=node.start_mark) from error


def parse(text: str) -> tuple[yaml.Node | None, Any]:
    """The document in `text`, as nodes and as values. Raises ProfileYamlError."""
    _check_weight(len(text.encode(errors="replace")))
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        if tree is None:
            return None, None
        _check_weight(_weight(tree, {}))
        _check_keys(tree, set())
        return tree, loader.construct_document(tree)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise ProfileYamlError(
            mark.line + 1 if mark else 1, f"is not YAML ({problem}); correct it"
        ) from error
    except RecursionError as error:
        raise ProfileYamlError(1, "is nested too deeply; write it flatter") from error


def line_of(tree: yaml.Node | None, location: Location) -> int:
    """The line of the innermost node on the way to `location`, of its key if it has one; counts from 1."""
    node, line = tree, 1 if tree is None else tree.start_mark.line + 1
    for part in location:
        key, node = _child(node, part)
        if key is None:
            break
        line = key.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The node that names `part` of `node`, and the part; what was merged in stands before its own keys."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in reversed(node.value) if pair[0].value == part), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None, None


def _first_words(error: Exception) -> str:
    return str(error).partition(":")[0].partition(";")[0]


def _check_weight(weight: int) -> None:
    if weight > MAX_BYTES:
        problem = f"is too large: {weight} bytes with its references written out, of {MAX_BYTES}; shorten it"
        raise ProfileYamlError(1, problem)


def _weight(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Bytes of a node with all references to others written out; `known`: None while one is looked at."""
    if id(node) not in known:
        known[id(node)] = None
        known[id(node)] = 1 + _own_weight(node) + sum(_weight(child, known) for child in _children(node))
    weight = known[id(node)]
    if weight is None:
        raise ProfileYamlError(node.start_mark.line + 1, "holds a reference to itself; write it out")
    return weight


def _own_weight(node: yaml.Node) -> int:
    return len(node.value.encode(errors="replace")) if isinstance(node, yaml.ScalarNode) else 0


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for part in node.value if isinstance(node, yaml.CollectionNode) else ():
        yield from part if isinstance(part, tuple) else (part,)


def _check_keys(tree: yaml.Node, seen: set[int]) -> None:
    """Refuse a key that stands twice in one mapping: YAML would silently forget the first."""
    if id(tree) in seen:
        return
    seen.add(id(tree))
    if isinstance(tree, yaml.MappingNode):
        _check_keys_of(tree)
    for child in _children(tree):
        _check_keys(child, seen)


def _check_keys_of(mapping: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in mapping.value:
        line, name = key.start_mark.line + 1, str(key.value)
        if name in lines:
            problem = f"{name} stands here again, after line {lines[name]}; take one of them away"
            raise ProfileYamlError(line, problem)
        lines[name] = line
