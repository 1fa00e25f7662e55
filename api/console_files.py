"""The console's files: the page for people, and the library for browsers that it is made with.

Owns which there are, of what type, and what is sent of them: no comments of scripts and styles, which are a
quarter of them. They are small and read once, so a path is looked up among their names and never reaches the
disk. Must not know HTTP.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Final

INDEX: Final = "page/index.html"
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",  # the library's types: for people and compilers, not for browsers
    ".svg": "image/svg+xml",
}
"""By suffix; what has another is not served."""
FOR_READERS: Final = (".js", ".css")
"""Of these, comments and indentation are left out."""
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/)[\s\S])*\*/[ \t]*|//.*)$", re.MULTILINE)
"""One that has its lines for itself; a test holds that nothing else looks like one."""
_INDENTATION: Final = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True)
class ConsoleFile:
    """One file as it is sent; `etag` is a strong one."""

    content: bytes
    media_type: str
    etag: str


ConsoleFiles = Mapping[str, ConsoleFile]
"""By name, as in "perdure-client.js" and "page/app.js"."""


def load_console() -> ConsoleFiles:
    """All of them, from the installed package. Raises FileNotFoundError where it lacks the page."""
    found = dict(_files(files("api").joinpath("console")))
    if INDEX not in found:
        raise FileNotFoundError(f"api/console/{INDEX} is not installed; install perdure anew")
    return found


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, ConsoleFile]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _files(entry, f"{name}/")
        elif media_type := MEDIA_TYPES.get(PurePosixPath(name).suffix):
            content = entry.read_text("utf-8")
            yield name, _file(_for_machines(content) if name.endswith(FOR_READERS) else content, media_type)


def _for_machines(text: str) -> str:
    """Each line in its place, so that an error in a browser still names the line of the source."""
    return _INDENTATION.sub("", _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text))


def _file(text: str, media_type: str) -> ConsoleFile:
    content = text.encode()
    return ConsoleFile(content, media_type, f'"{sha256(content).hexdigest()[:32]}"')
