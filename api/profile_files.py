"""Profiles on disk: YAML files, one a profile.

Owns reading and checking them at start; every error names its file and line. Built-in profiles live in
`profiles/`, a folder of the deployment's own may add to them and replace them.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from workflows.contract.base import complaint
from workflows.contract.profile import Profile

SUFFIXES: Final = (".yaml", ".yml")
Location = tuple[int | str, ...]


class ProfileError(Exception):
    """A profile that cannot be used; the message names file, line and what to do."""


def load_profiles(folder: Path | None = None) -> dict[str, Profile]:
    """The built-in profiles and those of `folder`, by name. Raises ProfileError."""
    found = _load(files("api").joinpath("profiles"))
    if folder is None:
        return found
    if not folder.is_dir():
        raise ProfileError(
            f"{folder}: is not a folder; set PERDURE_PROFILES to one that holds profiles, or unset it"
        )
    return found | _load(folder)


def _load(folder: Traversable) -> dict[str, Profile]:
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(SUFFIXES)), key=lambda p: p.name)
    profiles: dict[str, Profile] = {}
    for path in paths:
        profile = read_profile(_text(path), str(path))
        if profile.name in profiles:
            taken = f"another file of this folder has the name {profile.name!r} already"
            raise ProfileError(f"{path}:1: {taken}; choose another")
        profiles[profile.name] = profile
    return profiles


def _text(path: Traversable) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ProfileError(f"{path}:1: cannot be read ({why}); correct it, or take it away") from error


def read_profile(text: str, source: str) -> Profile:
    """The profile that `text` describes. Raises ProfileError that names `source` and the line."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise ProfileError(f"{source}:{line}: is not YAML ({problem}); correct it") from error
    try:
        return Profile.model_validate(document, extra="forbid")
    except ValidationError as error:
        raise ProfileError(_problems(error, tree, source)) from error


def _problems(error: ValidationError, tree: yaml.Node | None, source: str) -> str:
    items = error.errors(include_url=False)
    return "\n".join(
        f"{source}:{_line(tree, item['loc'])}: {_place(item['loc'])} {_way_out(item)}"
        for item in items
        if not any(_is_within(item["loc"], other["loc"]) for other in items)
    )


def _is_within(outer: Location, inner: Location) -> bool:
    """Whether the one is wrong, or may be, because of what is wrong within it."""
    return len(outer) < len(inner) and inner[: len(outer)] == outer


def _place(location: Location) -> str:
    return ".".join(map(str, location)) or "the profile"


def _way_out(item: ErrorDetails) -> str:
    """What is wrong at the place, and what to do."""
    match item["type"]:
        case "extra_forbidden":
            return f"is no field; {_fields_around(item['loc'])}"
        case "missing":
            return f"is missing; add it ({_fields_around(item['loc'])})"
        case "model_type":
            return f"is no mapping; {_fields_around((*item['loc'], ''))}"
        case "value_error":
            return f"is wrong: {complaint(item)}"
        case _:
            return f"is wrong: {complaint(item)}; correct it"


def _fields_around(location: Location) -> str:
    """What there may be where the last part of `location` is."""
    place = location[:-1]
    model: Any = Profile
    for part in place:
        model = _model_in(model.model_fields[part].annotation) if isinstance(part, str) else model
    return f"{_place(place)} takes {', '.join(model.model_fields)}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in a type such as `tuple[Agent, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _line(tree: yaml.Node | None, location: Location) -> int:
    """The line of the innermost node on the way to `location`, of its key if it has one; counts from 1."""
    node, line = tree, 1 if tree is None else tree.start_mark.line + 1
    for part in location:
        key, node = _child(node, part)
        if key is None:
            break
        line = key.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The node that names `part` of `node`, and the part."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if pair[0].value == part), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None, None
