"""Owns how fast and how much the offline model works. Must not read the environment: the caller decides."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OfflineSettings:
    """Pace and memory of one offline model; the defaults suit a person who looks for the first time."""

    tokens_per_second: float = 30.0
    """0 means without any delay."""
    first_token_delay: float = 0.25
    """Seconds between the start of a response and its first token."""
    kept_responses: int = 10_000
    """Stored responses; beyond it the least recently used are forgotten."""
    kept_streams: int = 1_000
    """Finished background responses whose events can still be streamed again."""
    kept_requests: int = 2_000
    """Requests that `GET /_requests` remembers."""
