"""Profiles on disk: YAML files, one a profile.

Owns reading and checking them at start; every error names its file and line. Built-in profiles live in
`profiles/`, a folder of the deployment's own may add to them and replace them. What a profile may be is the
contract's; refused here is also what nobody can mean, so that sessions pinned to it before go on.
"""

import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.languages import LANGUAGES
from api.profile_yaml import Location, ProfileYamlError, line_of, parse
from workflows.contract.base import complaint
from workflows.contract.profile import Profile

SUFFIXES: Final = (".yaml", ".yml")
_MOST_PROBLEMS: Final = 10
"""That are told of one file."""


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
    try:
        paths = sorted((p for p in folder.iterdir() if p.name.endswith(SUFFIXES)), key=lambda p: p.name)
    except OSError as error:
        raise ProfileError(f"{folder}: cannot be read ({error.strerror}); correct it") from error
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
        tree, document = parse(text)
    except ProfileYamlError as error:
        raise ProfileError(f"{source}:{error.line}: {error}") from error
    try:
        profile = Profile.model_validate(document, extra="forbid")
    except ValidationError as error:
        raise ProfileError(_problems(error, tree, source)) from error
    meant_for_nothing = [
        f"{source}:{line_of(tree, location)}: {_place(location)} {problem}"
        for location, problem in chain(_empty_words(document), _misread(profile))
    ]
    if meant_for_nothing:
        raise ProfileError(_few(meant_for_nothing))
    return profile


def _empty_words(document: Any, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Texts that say nothing, or hold what is no text."""
    if isinstance(document, str):
        if document and not document.strip():
            yield location, "is blank; write something, or leave it out"
        elif any(unicodedata.category(c) == "Cc" and c not in "\t\n\r" for c in document):
            yield location, "holds a control character; take it away"
    elif isinstance(document, dict | list):
        parts = document.items() if isinstance(document, dict) else enumerate(document)
        for key, part in parts:
            yield from _empty_words(part, (*location, key))


def _misread(profile: Profile) -> Iterator[tuple[Location, str]]:
    """Fields that have no effect, or another than their words say."""
    if "phases" in profile.model_fields_set and not profile.phases:
        yield ("phases",), "is empty; name a phase, or leave phases out"
    if len(profile.language) == len("en") and profile.language not in LANGUAGES:
        yield ("language",), f"is wrong: {profile.language!r} is no ISO 639 code; write one, such as en"


def _problems(error: ValidationError, tree: yaml.Node | None, source: str) -> str:
    items = error.errors(include_url=False)
    return _few(
        [
            f"{source}:{line_of(tree, item['loc'])}: {_place(item['loc'])} {_way_out(item)}"
            for item in items
            if not any(_is_within(item["loc"], other["loc"]) for other in items)
        ]
    )


def _few(lines: list[str]) -> str:
    return "\n".join(lines[:_MOST_PROBLEMS])


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
        case "tuple_type":
            return "is no list; begin each of its items with - on a line of its own"
        case "string_type":
            return "is no text; put it in quotes"
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
