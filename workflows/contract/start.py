"""What a session is born with: the input of its workflow, resolved by who starts it."""

from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from workflows.contract.base import Seconds, Timestamp, Value
from workflows.contract.commands import SendMessage
from workflows.contract.profile import Limits, Profile, Settings
from workflows.contract.session import SessionView, Status, workflow_id
from workflows.contract.voice import VoiceState

HEARTBEAT_TIMEOUT: Final = timedelta(seconds=2)
"""Shorter loses living steps on a busy machine, longer lets viewers wait for a dead worker."""

LISTED_AFTER: Final = timedelta(seconds=2)
"""What people who look at a list do not miss."""


class RetrySchedule(Value):
    """How long provider failures are waited out, in seconds."""

    initial: float = 5.0
    maximum: float = 1800.0
    total: float = 28_800.0


class SessionStart(Value):
    """Everything a session is born with; resolved by who starts it."""

    session_id: str
    session_key: str
    tenant: str
    profile: Profile
    model: str
    """The model that answers where the profile names none."""
    title: str | None = None
    user_id: str | None = None
    metadata: dict[str, JsonValue] = {}
    limits: Limits
    settings: Settings = Settings()
    created_at: Timestamp
    first_message: SendMessage | None = None
    retries: RetrySchedule = RetrySchedule()
    heartbeat_timeout: Seconds = HEARTBEAT_TIMEOUT
    """A model step whose worker was silent for this long is taken over."""
    search_attributes: bool = True
    """Whether the server knows `SEARCH_ATTRIBUTES`."""
    listed_after: Seconds | None = None
    """The engine lists a turn as running that lasts this long; None, as in earlier releases: each at once."""

    def view(self) -> SessionView:
        """The session object before its workflow has said anything."""
        return SessionView(
            session_id=self.session_id,
            session_key=self.session_key,
            profile=self.profile.name,
            title=self.title,
            user_id=self.user_id,
            status=Status.IDLE,
            voice_state=VoiceState.IDLE if self.profile.speech else None,
            limits=self.limits,
            created_at=self.created_at,
            updated_at=self.created_at,
            last_activity_at=self.created_at,
            active_seconds=self.created_at - self.created_at,
            metadata=self.metadata,
            settings=self.profile.shown(self.settings),
            workflow_id=workflow_id(self.session_id),
        )
