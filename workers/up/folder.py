"""Owns the layout of the data directory; must not know what the parts write into theirs."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class DataFolder:
    """The paths in one data directory; `root` is absolute."""

    root: Path

    @property
    def lock(self) -> Path:
        """What one `up` holds while it runs."""
        return self.root / "up.lock"

    @property
    def record(self) -> Path:
        """Where other programs find the running parts."""
        return self.root / "up.json"

    @property
    def births(self) -> Path:
        """What was started, for the next `up` to end it."""
        return self.root / "births.json"

    @property
    def ports(self) -> Path:
        """The free ports that were chosen."""
        return self.root / "ports.json"

    @property
    def store(self) -> Path:
        """The store's own folder."""
        return self.root / "store"

    @property
    def temporal_database(self) -> Path:
        """Temporal's own file."""
        return self.root / "temporal.db"

    @property
    def logs(self) -> Path:
        """The folder of the parts' output."""
        return self.root / "logs"

    def log(self, part: str) -> Path:
        """Return where a part's output goes."""
        return self.logs / f"{part}.log"

    def prepare(self) -> None:
        """Make what is missing; raises OSError where the directory cannot be written."""
        for folder in (self.root, self.store, self.logs):
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self.lock.touch(mode=PRIVATE_FILE)
        # Conversations and a secret: the directory often stands in a repository, and must not be added to it.
        (self.root / ".gitignore").write_text("*\n")

    def secret(self) -> str:
        """Return the signing secret of this directory, made at the first call."""
        path = self.root / "secret"
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32))
        return path.read_text().strip()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash at any moment, sees the old text or the new, never half."""
    draft = path.with_name(f"{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON for people and programs, atomically."""
    write_atomically(path, json.dumps(content, indent=2) + "\n")


def read_json_object(path: Path) -> dict[str, object]:
    """Return the object in a file of ours; an absent or damaged file holds nothing worth a failure."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
