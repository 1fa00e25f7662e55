"""Profiles on disk: YAML files, one a profile.

Owns reading and checking them at start; every error names its file and line. Built-in profiles live in
`profiles/`, a folder of the deployment's own may add to them and replace them.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from workflows.contract.profile import Profile

SUFFIXES: Final = (".yaml", ".yml")


class ProfileError(Exception):
    """A profile that cannot be used; the message names file, line and what to do."""


def load_profiles(folder: Path | None = None) -> dict[str, Profile]:
    """The built-in profiles and those of `folder`, by name. Raises ProfileError."""
    found = _load(files("api").joinpath("profiles"))
    if folder is None:
        return found
    if not folder.is_dir():
        raise ProfileError(f"{folder}: is not a folder; set PERDURE_PROFILES to one that holds profiles")
    return found | _load(folder)


def _load(folder: Traversable) -> dict[str, Profile]:
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(SUFFIXES)), key=lambda p: p.name)
    profiles: dict[str, Profile] = {}
    for path in paths:
        profile = read_profile(path.read_text("utf-8"), str(path))
        if profile.name in profiles:
            raise ProfileError(f"{path}: another file of this folder has the name {profile.name!r} already")
        profiles[profile.name] = profile
    return profiles


def read_profile(text: str, source: str) -> Profile:
    """The profile that `text` describes. Raises ProfileError that names `source` and the line."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ProfileError(f"{source}:{line}: is not YAML: {getattr(error, 'problem', error)}") from error
    try:
        return Profile.model_validate(document, extra="forbid")
    except ValidationError as error:
        raise ProfileError(_problems(error, tree, source)) from error


def _problems(error: ValidationError, tree: yaml.Node | None, source: str) -> str:
    return "\n".join(
        f"{source}:{_line(tree, item['loc'])}: {'.'.join(map(str, item['loc']))}: {item['msg']}"
        for item in error.errors(include_url=False)
    )


def _line(tree: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The line of the innermost node on the way to `location`; lines count from 1."""
    node, line = tree, 1 if tree is None else tree.start_mark.line + 1
    for part in location:
        node = _child(node, part)
        if node is None:
            break
        line = node.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: Any) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None
