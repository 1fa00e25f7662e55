"""Where the API is and who asks, as the environment says.

Owns `PERDURE_URL` and `PERDURE_TOKEN`; must not connect.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from api.cli.errors import WrongUsageError

DEFAULT_URL: Final = "http://127.0.0.1:8080"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class ClientSettings:
    """One API, and the credential for it."""

    url: str = DEFAULT_URL
    token: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the API is on this machine, where no proxy belongs in between."""
        return urlsplit(self.url).hostname in LOOPBACK

    @property
    def is_encrypted(self) -> bool:
        """Whether certificates are wanted; without, a command need not load them (40 ms)."""
        return urlsplit(self.url).scheme == "https"

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def read_settings(environment: Mapping[str, str] = os.environ) -> ClientSettings:
    """The settings that `environment` holds. Raises WrongUsageError."""
    url = environment.get("PERDURE_URL") or DEFAULT_URL
    token = environment.get("PERDURE_TOKEN") or None
    if not _is_http(url):
        raise WrongUsageError(f"PERDURE_URL must be an http or https address such as {DEFAULT_URL}.")
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise WrongUsageError("PERDURE_TOKEN holds characters that no token has; set it again.")
    return ClientSettings(url.rstrip("/"), token)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        # Raised by a port that is no number.
        return False
