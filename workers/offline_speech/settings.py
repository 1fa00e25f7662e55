"""Owns what the caller of the offline speech may choose. Must not read the environment."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SpeechSettings:
    """Habits of one offline speech provider."""

    default_language: str = "en"
    """For texts whose script does not tell theirs."""
    kept_requests: int = 2_000
    """Requests that `GET /_requests` remembers."""
