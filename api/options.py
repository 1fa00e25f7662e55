"""What an API process is told by whoever starts it.

Owns the values; where they come from is not its affair.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from workflows.contract.profile import Profile
from workflows.contract.start import HEARTBEAT_TIMEOUT, RetrySchedule

DEFAULT_TENANT: Final = "default"


@dataclass(frozen=True)
class ApiOptions:
    """`keys`: (tenant, API key) pairs; none: everybody on loopback is the default tenant."""

    secret: str
    profiles: dict[str, Profile]
    model: str
    keys: tuple[tuple[str, str], ...] = ()
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    temporal_ui: str = "http://127.0.0.1:8233"
    retries: RetrySchedule = field(default_factory=RetrySchedule)
    heartbeat_timeout: timedelta = HEARTBEAT_TIMEOUT
    retention: timedelta = timedelta(days=30)
    """How long the data of a session is kept that is over."""
    transcribes: bool = False
    """Whether recordings can become messages."""
    sdk_metrics: str | None = None
    """Where the metrics of the engine's SDK are in this process, if anywhere."""
    up_record: Path | None = None
    """Where `perdure up` writes which processes it keeps running, if it started this one."""
